import { LSN_ZERO } from '../core/model/lsn.ts';
import type { PostmasterId, PrimaryStatus, SqlStatus, StandbyStatus } from '../core/model/local-postgres.ts';
import { CheckpointerIdle } from './checkpointer-idle.ts';
import { upstreamFromConninfo } from './conninfo.ts';
import type { Deadline } from './deadline.ts';
import type { ReceiverWatch } from './receiver-process.ts';
import { assertServedBy } from './served-by.ts';
import { SqlConnection, SqlFailure, type SqlPlace } from './sql-connection.ts';
import { type HeldWal, StandbyTimeline } from './standby-timeline.ts';
import { StartupParameters } from './startup-parameters.ts';
import { activityOf, type StatusAnswer, statusAnswerFromText } from './status-answer.ts';
import { STATUS_QUERY } from './status-query.ts';
import { WalsendersRead } from './walsenders-read.ts';

/** Events in which the startup process waits for WAL from elsewhere, having replayed all that it has. */
const WAITS_FOR_MORE = new Set(['RecoveryWalStream', 'RecoveryRetrieveRetryInterval']);

/** Asks a running server how it is, over one connection that it keeps and that tells when the server goes. */
export class StatusReader {
  readonly #place: SqlPlace;
  readonly #receivers: ReceiverWatch;
  readonly #onLost: () => void;
  readonly #idle: CheckpointerIdle;
  readonly #walsenders: WalsendersRead;
  readonly #timeline: StandbyTimeline;
  #connection: SqlConnection | undefined;
  #server: string | undefined;
  /** As last told: a primary has no receiver to look for. */
  #isPrimary = false;
  /** The startup process that was seen at the end of the WAL on disk. */
  #replayedAllBy: number | undefined;
  readonly #startup = new StartupParameters();

  constructor(dataDir: string, place: SqlPlace, receivers: ReceiverWatch, onLost: () => void) {
    this.#place = place;
    this.#receivers = receivers;
    this.#onLost = onLost;
    this.#idle = new CheckpointerIdle(place);
    this.#walsenders = new WalsendersRead(place);
    this.#timeline = new StandbyTimeline(dataDir, place);
  }

  /** Throws SqlFailure where the server does not answer in time or not at all. */
  async read(postmaster: PostmasterId, deadline: Deadline): Promise<SqlStatus> {
    this.#turnTo(postmaster);
    // Looked for before the question too: a position told while a receiver still ran may not be the last that it flushed.
    const hadReceiver = !this.#isPrimary && this.#receivers.isRunning(postmaster);
    const answer = await this.#answer(postmaster, deadline);
    this.#isPrimary = !answer.standby;
    const startup = await this.#startup.of(this.#openConnection(), answer.loadedAt, deadline);
    if (!answer.standby) return { ...this.#primary(await this.#afterProof(answer, postmaster, deadline)), startup };
    const receiverRuns = this.#receivers.isRunning(postmaster) || hadReceiver;
    return { ...(await this.#standby(answer, deadline)), receiverRuns, startup };
  }

  /** Whether the checkpointer has read what is in force; see CheckpointerIdle. */
  async isCheckpointerIdle(postmaster: PostmasterId, deadline: Deadline): Promise<boolean> {
    return this.#idle.isProven(await this.#answer(postmaster, deadline), deadline);
  }

  /** What a standby holds; undefined for a primary. */
  async held(postmaster: PostmasterId, deadline: Deadline): Promise<HeldWal | undefined> {
    const answer = await this.#answer(postmaster, deadline);
    return answer.standby ? this.#timeline.held(answer, deadline) : undefined;
  }

  /** What it has in hand for other questions; opens it where need be. */
  async connected(postmaster: PostmasterId, deadline: Deadline): Promise<SqlConnection> {
    this.#turnTo(postmaster);
    return this.#connected(postmaster, deadline);
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #answer(postmaster: PostmasterId, deadline: Deadline): Promise<StatusAnswer> {
    const connection = await this.connected(postmaster, deadline);
    const text = await connection.value(STATUS_QUERY, 'status', deadline);
    if (text === undefined) throw new SqlFailure('an empty answer', undefined);
    return statusAnswerFromText(text);
  }

  #turnTo(postmaster: PostmasterId): void {
    const server = `${postmaster.pid} ${postmaster.startTicks}`;
    if (server === this.#server) return;
    this.#server = server;
    this.#isPrimary = false;
    this.#idle.forget();
    this.#walsenders.forget();
    this.#startup.forget();
    this.#timeline.forget();
    this.close();
  }

  async #connected(postmaster: PostmasterId, deadline: Deadline): Promise<SqlConnection> {
    const kept = this.#openConnection();
    if (kept !== undefined) return kept;
    const connection = await SqlConnection.open(this.#place, 'heartbeat', deadline);
    assertServedBy(connection, postmaster);
    const quicker = this.#openConnection(); // Of somebody else who asked meanwhile.
    if (quicker !== undefined) {
      connection.destroy();
      return quicker;
    }
    connection.onEnd(this.#onLost);
    this.#connection = connection;
    return connection;
  }

  #openConnection(): SqlConnection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined;
  }

  /** Until a proof commits may not have waited, or for too few, so the position that is told with it must be one read after it (F3). */
  async #afterProof(answer: StatusAnswer, postmaster: PostmasterId, deadline: Deadline): Promise<StatusAnswer> {
    const isNew = !this.#idle.wasProven(answer) && (await this.#idle.isProven(answer, deadline));
    const isRead = await this.#walsenders.prove(answer, deadline);
    return isNew || isRead ? this.#answer(postmaster, deadline) : answer;
  }

  #primary(answer: StatusAnswer): PrimaryStatus {
    return {
      kind: 'primary',
      timeline: Number.parseInt(answer.walFile?.slice(0, 8) ?? '0', 16),
      flushLsn: answer.flushLsn ?? LSN_ZERO,
      senders: answer.senders.map(({ pid, row }) => ({
        ...row,
        hasReadSettings: this.#walsenders.hasRead(answer, pid),
      })),
      slots: answer.slots,
      sync: {
        names: answer.syncNames,
        synchronousCommit: answer.syncCommit,
        checkpointerIdleSinceReload: this.#idle.wasProven(answer),
      },
      serverVersion: answer.version,
      startedAt: answer.startedAt,
    };
  }

  async #standby(answer: StatusAnswer, deadline: Deadline): Promise<Omit<StandbyStatus, 'receiverRuns'>> {
    const held = await this.#timeline.held(answer, deadline);
    const { receiver } = answer;
    return {
      kind: 'standby',
      timeline: held.timeline,
      receivedLsn: held.lsn,
      replayedLsn: answer.replayedLsn ?? LSN_ZERO,
      replayedAt: answer.replayedAt,
      replayPaused: answer.isPaused ?? false,
      replayedAll: this.#hasReplayedAll(answer) && held.isCertain,
      receiver:
        receiver === null
          ? undefined
          : {
              status: receiver.status,
              upstream: receiver.host === null ? undefined : { host: receiver.host, port: receiver.port ?? 5432 },
              slot: receiver.slot,
              timeline: receiver.timeline,
              latestEndLsn: receiver.latestEndLsn,
              lastMessageAgeMs: receiver.lastMessageAgeMs,
            },
      upstream: upstreamFromConninfo(answer.conninfo),
      hasArchive: (answer.restoreCommand ?? '') !== '',
      slots: answer.slots,
      senders: answer.senders.map(({ row }) => ({ ...row, hasReadSettings: false })),
      serverVersion: answer.version,
      startedAt: answer.startedAt,
    };
  }

  /**
   * A restarted standby knows nothing of what it had received until replay has come to the end of the WAL on disk. It asks for
   * streaming only then, so a position of the receiver proves it too; once reached it stays so for that startup process.
   */
  #hasReplayedAll(answer: StatusAnswer): boolean {
    const startup = activityOf(answer, 'startup');
    if (startup === undefined) return false;
    const isAtEnd = answer.receivedLsn !== undefined || WAITS_FOR_MORE.has(startup.waitsFor ?? '');
    if (isAtEnd) this.#replayedAllBy = startup.pid;
    return this.#replayedAllBy === startup.pid;
  }
}
