import { NO_SERVER_HEALTH, type ServerHealth } from '../../core/model/health.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import type { CancelTimer, Clock } from '../../ports/clock.ts';
import { type Deadline, deadlineIn } from '../deadline.ts';
import { isLoginRefusal } from '../login-refusal.ts';
import { isAlive, readProcess } from '../process-table.ts';
import { assertServedBy } from '../served-by.ts';
import { SqlConnection, SqlFailure, type SqlPlace, withConnection } from '../sql-connection.ts';

const EVERY_MS = 2_000;
/** For one connection with its statement. Whether a silence of that length is too long is not judged here. */
const PATIENCE_MS = 5_000;
/** An answer that takes no longer is only a busy server's. */
const SLOW_MS = 1_000;

/** A commit that others wait in line for does no harm that theirs would not do; on an idle server nothing is written. */
const QUESTION = `SELECT
  CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn()::text END AS flushed,
  CASE WHEN NOT pg_is_in_recovery() THEN
    (SELECT count(*)::text FROM pg_stat_activity WHERE wait_event IN ('WALWrite', 'WALSync', 'WALInitWrite', 'WALInitSync'))
  END AS waiting,
  current_setting('log_directory') AS logs`;
/** Waits for no standby, and changes nothing. */
const COMMIT = `SET synchronous_commit = 'local'; SELECT pg_logical_emit_message(true, 'kornak', '')`;

/** Asks the server anew, as a client would that comes now: a connection that stands says nothing about a frozen postmaster. */
export class ServerProbe {
  readonly #clock: Clock;
  readonly #place: SqlPlace;
  readonly #postmaster: () => PostmasterId | undefined;
  #cancelTimer: CancelTimer | undefined;
  #server: string | undefined;
  #sentMs: number | undefined;
  #health: ServerHealth = NO_SERVER_HEALTH;
  #flushed: string | undefined;
  #stuckBackend: PostmasterId | undefined;
  #logDirectory: string | undefined;

  constructor(clock: Clock, place: SqlPlace, postmaster: () => PostmasterId | undefined) {
    this.#clock = clock;
    this.#place = place;
    this.#postmaster = postmaster;
    this.#later(0);
  }

  /** `log_directory` as the server last told it. */
  get logDirectory(): string | undefined {
    return this.#logDirectory;
  }

  health(): ServerHealth {
    const sentMs = this.#sentMs;
    const isLate = sentMs !== undefined && this.#clock.bootMs() - sentMs > SLOW_MS;
    if (!isLate || this.#health.silentSinceMs !== undefined) return this.#health;
    return { ...this.#health, silentSinceMs: sentMs };
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #later(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => void this.#round());
  }

  async #round(): Promise<void> {
    const postmaster = this.#postmaster();
    const server = postmaster === undefined ? undefined : `${postmaster.pid} ${postmaster.startTicks}`;
    if (server !== this.#server) {
      this.#server = server;
      this.#health = NO_SERVER_HEALTH;
      this.#flushed = undefined;
    }
    if (postmaster !== undefined) await this.#ask(postmaster);
    if (this.#cancelTimer !== undefined) this.#later(this.#health.silentSinceMs === undefined ? EVERY_MS : 0);
  }

  async #ask(postmaster: PostmasterId): Promise<void> {
    const sentMs = this.#clock.bootMs();
    const deadline = deadlineIn(this.#clock, PATIENCE_MS);
    this.#sentMs = sentMs;
    try {
      const row = await withConnection(this.#place, 'probe', deadline, async (connection) => {
        assertServedBy(connection, postmaster);
        return (await connection.query(QUESTION, deadline))[0] ?? {};
      });
      this.#health = { ...NO_SERVER_HEALTH, stuckSinceMs: this.#health.stuckSinceMs, answeredMs: this.#clock.bootMs() };
      if (typeof row['logs'] === 'string') this.#logDirectory = row['logs'];
      this.#sentMs = undefined;
      await this.#judgeCommits(row);
    } catch (error) {
      this.#noteFailure(error, sentMs);
    }
    this.#sentMs = undefined;
  }

  #noteFailure(error: unknown, sentMs: number): void {
    const { answeredMs, silentSinceMs } = this.#health;
    const isSilence = this.#clock.bootMs() - sentMs >= PATIENCE_MS;
    const why = error instanceof Error ? error.message : String(error);
    // Starting, stopping, or not letting us in is told elsewhere.
    const isToldElsewhere = isLoginRefusal(error) || (error instanceof SqlFailure && error.code === '57P03');
    this.#health = {
      ...this.#health,
      answeredMs,
      silentSinceMs: isSilence ? (silentSinceMs ?? sentMs) : undefined,
      refusal: isSilence || isToldElsewhere ? undefined : why,
    };
  }

  /** Only where somebody waits for the WAL and the WAL does not move is it asked by a commit of our own. */
  async #judgeCommits(row: Readonly<Record<string, unknown>>): Promise<void> {
    const flushed = typeof row['flushed'] === 'string' ? row['flushed'] : undefined;
    const moved = flushed === undefined || flushed !== this.#flushed;
    this.#flushed = flushed;
    if (moved || Number(row['waiting']) === 0) this.#setStuck(undefined);
    else if (this.#stuckBackend === undefined || !isAlive(this.#stuckBackend)) await this.#commit();
  }

  async #commit(): Promise<void> {
    const sentMs = this.#clock.bootMs();
    const deadline = deadlineIn(this.#clock, PATIENCE_MS);
    const connection = await SqlConnection.open(this.#place, 'commit probe', deadline);
    const { backendPid } = connection;
    try {
      await connection.query(COMMIT, deadline);
      this.#setStuck(undefined);
    } catch (error) {
      if (this.#isLate(deadline)) this.#noteStuck(sentMs, backendPid);
      else throw error;
    } finally {
      connection.destroy();
    }
  }

  #isLate(deadline: Deadline): boolean {
    return this.#clock.bootMs() >= deadline.atMs;
  }

  #noteStuck(sentMs: number, backendPid: number | undefined): void {
    const found = backendPid === undefined ? undefined : readProcess(backendPid);
    // It waits for the WAL and cannot be cancelled: one such is enough.
    this.#stuckBackend = found === undefined ? undefined : { pid: found.pid, startTicks: found.startTicks };
    this.#setStuck(this.#health.stuckSinceMs ?? sentMs);
  }

  #setStuck(stuckSinceMs: number | undefined): void {
    this.#health = { ...this.#health, stuckSinceMs };
  }
}
