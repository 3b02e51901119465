import { type Deadline, poll } from './deadline.ts';
import { hasPendingSignal, readProcess } from './process-table.ts';
import { type SqlConnection, type SqlPlace, withConnection } from './sql-connection.ts';
import { activityOf, type StatusAnswer } from './status-answer.ts';

/** The event in which the checkpointer waits for something to do; during a checkpoint it never waits in it. */
const IDLE = 'CheckpointerMain';
const SIGHUP = 1;

const PROOF_QUERY = `SELECT extract(epoch FROM pg_conf_load_time())::text AS "loadedAt",
  (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'checkpointer') AS "waitsFor"`;

/**
 * Knows whether the checkpointer has taken note of the last configuration load. It holds the switch that makes commits wait
 * at all, and during a forced checkpoint it reads nothing, while SHOW tells the new value to everybody.
 *
 * The proof for a load: (1) a connection made after it was seen, so the postmaster had finished signalling its children when it
 * forked this one; (2) then the checkpointer has no SIGHUP left to take and sleeps; (3) then it waits in its main loop. A process
 * that took the signal left the wait it was in, so the wait seen in (3) began after it had read the configuration.
 */
export class CheckpointerIdle {
  readonly #place: SqlPlace;
  /** Load times as different connections tell them for the last load that is proven. */
  #proven = new Set<string>();

  constructor(place: SqlPlace) {
    this.#place = place;
  }

  /** A new server knows nothing of what was proven for the last one. */
  forget(): void {
    this.#proven = new Set();
  }

  /** Whether it is proven for the load that the answer was given under; tries to prove it where the checkpointer looks idle. */
  async isProven(answer: StatusAnswer, deadline: Deadline): Promise<boolean> {
    if (this.wasProven(answer)) return true;
    const checkpointer = activityOf(answer, 'checkpointer');
    if (checkpointer?.waitsFor !== IDLE) return false;
    try {
      await this.#prove(checkpointer.pid, answer, deadline);
    } catch {
      return false; // Not proven, which is all that was asked.
    }
    return this.wasProven(answer);
  }

  /** Without trying to: where it is so, all that the answer tells is later than the proof. */
  wasProven(answer: StatusAnswer): boolean {
    return this.#proven.has(answer.loadedAt);
  }

  async #prove(pid: number, { loadedAt, standby }: StatusAnswer, deadline: Deadline): Promise<void> {
    await withConnection(this.#place, 'checkpointer', deadline, async (connection) => {
      const hasSlept = await poll(() => (sleepsWithoutSignal(pid) ? true : undefined), 2, {
        ...deadline,
        atMs: deadline.clock.bootMs() + 20,
      });
      const row = (await connection.query(PROOF_QUERY, deadline))[0];
      if (hasSlept !== true || row?.['waitsFor'] !== IDLE) return;
      this.#proven = new Set([loadedAt, String(row['loadedAt'])]);
      if (!standby) await writeLittle(connection, deadline);
    });
  }
}

/**
 * Sessions that wait for whom the last setting named are released when a standby of the new one next acknowledges something; one
 * that had everything already would say nothing for wal_receiver_status_interval. It waits for nobody itself.
 */
async function writeLittle(connection: SqlConnection, deadline: Deadline): Promise<void> {
  await connection.query('SET synchronous_commit = off', deadline);
  await connection.query('SELECT txid_current()', deadline);
}

function sleepsWithoutSignal(pid: number): boolean {
  return !hasPendingSignal(pid, SIGHUP) && readProcess(pid)?.state === 'S';
}
