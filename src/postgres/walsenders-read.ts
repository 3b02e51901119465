import { type Deadline, isOver, pause } from './deadline.ts';
import { hasPendingSignal, readProcess } from './process-table.ts';
import { type SqlPlace, withConnection } from './sql-connection.ts';
import type { SenderRow, StatusAnswer } from './status-answer.ts';

/** The event in which a walsender waits for more to send or for acknowledgements; it looks for a reload right after it. */
const WAITS = 'WalSenderMain';
const SIGHUP = 1;
/** How long one observation may be held up. What was seen by then is kept. */
const ROUND_MS = 25;
const EVERY_MS = 2;
/** Between the first of them and the last a whole turn of its loop lies, and the look for a reload with it. */
const ADVANCES = 3;

const SAMPLE_QUERY = `SELECT r.pid::text AS "pid", a.wait_event AS "waitsFor", r.sent_lsn::text AS "sent"
  FROM pg_stat_replication r JOIN pg_stat_activity a USING (pid)`;

/** What was seen of one walsender since the last configuration load. */
interface Watched {
  readonly startTicks: number;
  /** No SIGHUP was waiting for it any more. */
  hasTakenSignal: boolean;
  /** It slept after that. */
  hasSlept: boolean;
  /** Positions sent up to, as told one after the other after that. */
  advances: number;
  sent: string | undefined;
  hasRead: boolean;
}

/**
 * Knows which walsenders have taken note of the last configuration load. Each releases waiting commits by its own copy of whom
 * they wait for; one that is late releases them by the former, and where only the count rose, no view shows it.
 *
 * The proof: (1) a connection made after the load was seen, so the postmaster had finished signalling its children; (2) then the
 * walsender has no SIGHUP left to take: whatever it does next, the note of it is set, and its main loop looks for that before it
 * takes acknowledgements; (3) then it has been at that place: it slept and is seen in the wait of its main loop, which that note
 * would have ended; or, busy all the time, it has sent from three positions, one turn each.
 */
export class WalsendersRead {
  readonly #place: SqlPlace;
  /** The load that all else speaks of. */
  #load: string | undefined;
  /** A new one for each load: a look that began under a former one must not add to it. */
  #watched = new Map<number, Watched>();

  constructor(place: SqlPlace) {
    this.#place = place;
  }

  /** A new server knows nothing of what was proven for the last one. */
  forget(): void {
    this.#load = undefined;
    this.#watched = new Map();
  }

  /** Whether it is proven for the load that the answer was given under. */
  hasRead(answer: StatusAnswer, pid: number): boolean {
    const found = answer.loadedAt === this.#load ? this.#watched.get(pid) : undefined;
    return found?.hasRead === true && found.startTicks === readProcess(pid)?.startTicks;
  }

  /** Tries to prove it for whoever could release a commit, and says whether it did for anybody. */
  async prove(answer: StatusAnswer, deadline: Deadline): Promise<boolean> {
    if (answer.loadedAt !== this.#load) this.forget();
    this.#load = answer.loadedAt;
    const pids = answer.senders.filter(mayRelease).map(({ pid }) => pid);
    const asked = answer.syncNames === '' ? [] : pids.filter((pid) => !this.hasRead(answer, pid));
    for (const pid of this.#watched.keys()) if (!pids.includes(pid)) this.#watched.delete(pid);
    if (asked.length === 0) return false;
    const watched = this.#watched;
    const round = { ...deadline, atMs: Math.min(deadline.atMs, deadline.clock.bootMs() + ROUND_MS) };
    try {
      await withConnection(this.#place, 'walsenders', deadline, (connection) =>
        look(asked, watched, async () => connection.query(SAMPLE_QUERY, deadline), round),
      );
    } catch {
      // What was seen before it counts.
    }
    return asked.some((pid) => this.hasRead(answer, pid));
  }
}

async function look(
  pids: readonly number[],
  watched: Map<number, Watched>,
  sample: () => Promise<readonly Record<string, unknown>[]>,
  round: Deadline,
): Promise<void> {
  for (;;) {
    for (const pid of pids) lookAtProcess(pid, watched);
    for (const row of await sample()) take(row, watched);
    if (pids.every((pid) => watched.get(pid)?.hasRead === true) || isOver(round)) return;
    await pause(EVERY_MS, round);
  }
}

/** The order counts: that it sleeps is to be seen after that it has taken the signal. */
function lookAtProcess(pid: number, watched: Map<number, Watched>): void {
  const isSignalled = hasPendingSignal(pid, SIGHUP);
  const process = readProcess(pid);
  if (process === undefined) return;
  const known = watched.get(pid);
  const seen = known?.startTicks === process.startTicks ? known : unseen(process.startTicks);
  watched.set(pid, seen);
  if (isSignalled) return;
  seen.hasTakenSignal = true;
  seen.hasSlept ||= process.state === 'S';
}

function take(row: Record<string, unknown>, watched: ReadonlyMap<number, Watched>): void {
  const seen = watched.get(Number(row['pid']));
  if (seen?.hasTakenSignal !== true) return;
  const sent = String(row['sent']);
  if (sent !== seen.sent) seen.advances += 1;
  seen.sent = sent;
  seen.hasRead ||= (seen.hasSlept && row['waitsFor'] === WAITS) || seen.advances >= ADVANCES;
}

function unseen(startTicks: number): Watched {
  return { startTicks, hasTakenSignal: false, hasSlept: false, advances: 0, sent: undefined, hasRead: false };
}

/** One that only catches up releases nobody, and looks for a reload before it ever does. */
function mayRelease({ row: { state, slot, syncPriority } }: SenderRow): boolean {
  const isStreaming = state === 'streaming' || state === 'stopping';
  return isStreaming && (slot !== undefined || syncPriority > 0);
}
