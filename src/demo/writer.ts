// The client of the demo: inserts a new number every 10 ms into whichever member accepts writes, and remembers each one
// that was acknowledged. It gives up on an insert after a second, and never repeats a number.
import { AckLedger, type NumberRange } from './ack-ledger.ts';
import { pause } from './children.ts';
import { PATIENCE_MS, raceForWritable, type SqlServer, type SqlSession, within } from './write-connection.ts';

export interface WriterOptions {
  readonly servers: readonly SqlServer[];
  readonly password: string;
}

const INSERT_EVERY_MS = 10;
const VERIFY_WITHIN_MS = 30_000;
const CREATE = `CREATE TABLE IF NOT EXISTS kornak_demo (number bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`;

export class Writer {
  readonly ledger = new AckLedger();
  readonly #options: WriterOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #server: SqlServer | undefined;
  #next: number | undefined;
  #lost: number | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** The member that it writes to; undefined: it looks for one. */
  get writesTo(): string | undefined {
    return this.#server?.name;
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Acknowledged and absent when last compared; undefined: not compared yet. */
  get lost(): number | undefined {
    return this.#lost;
  }

  /** Compares all that was acknowledged with what the primary has. undefined: no primary could be asked. */
  async verify(signal: AbortSignal): Promise<number | undefined> {
    const session = await raceForWritable({ ...this.#options, signal });
    if (session === undefined) return undefined;
    try {
      this.#lost = await countAbsent(session, this.ledger.ranges);
      return this.#lost;
    } catch {
      return undefined;
    } finally {
      session.hangUp();
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const session = await raceForWritable({ ...this.#options, signal });
      if (session === undefined) return;
      await this.#writeWhileItLasts(session);
      if (!signal.aborted) this.#server = undefined;
      session.hangUp();
    }
  }

  async #writeWhileItLasts(session: SqlSession): Promise<void> {
    try {
      this.#next ??= await prepareTable(session);
      this.#server = session.server;
      // After a failover is when something may be missing.
      void this.verify(AbortSignal.timeout(VERIFY_WITHIN_MS));
      while (!this.#stopping.signal.aborted) {
        const startedMs = performance.now();
        await this.#insert(session);
        await pause(Math.max(0, startedMs + INSERT_EVERY_MS - performance.now()));
      }
    } catch {
      // Whatever it was, the connection cannot be trusted any more, and the outcome is not known.
    }
  }

  async #insert({ client }: SqlSession): Promise<void> {
    const number = this.#next ?? 0;
    this.#next = number + 1;
    const text = 'INSERT INTO kornak_demo (number) VALUES ($1)';
    await within(client.query({ name: 'insert', text, values: [number] }), PATIENCE_MS);
    this.ledger.acknowledge(number, performance.now());
  }
}

/** The first number to use: an earlier demo may have used some. */
async function prepareTable({ client }: SqlSession): Promise<number> {
  const prepare = async (): Promise<number> => {
    await client.query(CREATE);
    const { rows } = await client.query<{ next: string }>(
      'SELECT coalesce(max(number), 0) + 1 AS next FROM kornak_demo',
    );
    return Number(rows[0]?.next ?? 1);
  };
  return within(prepare(), PATIENCE_MS * 5);
}

async function countAbsent({ client }: SqlSession, ranges: readonly NumberRange[]): Promise<number> {
  const expected = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const counted = client.query<{ found: string }>(
    `SELECT count(*) AS found FROM unnest($1::bigint[], $2::bigint[]) AS acked(low, high)
       JOIN kornak_demo ON number BETWEEN low AND high`,
    [ranges.map(({ from }) => from), ranges.map(({ to }) => to)],
  );
  const { rows } = await within(counted, VERIFY_WITHIN_MS);
  return expected - Number(rows[0]?.found ?? 0);
}
