import type { Client } from 'pg';
import type { TestCluster, TestMember } from './kornak-cluster.ts';

const PAUSE_MS = 10;
/** After a loss every member is tried again this often, without waiting for earlier tries. */
const RACE_EVERY_MS = 20;
/** As `client()` of a member has it for one connection; so many tries of one member can be under way at once. */
const TRIES_MAX = 60;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Inserts 1, 2, 3 … through whichever member accepts writes, and remembers when which was acknowledged. */
export class CountingWriter {
  readonly acknowledged: number[] = [];
  readonly acknowledgedMs: number[] = [];
  /** Why inserts failed or their connections broke. */
  readonly failures: string[] = [];
  readonly #cluster: TestCluster;
  #next = 1;
  #stopped = false;
  #loop: Promise<void> | undefined;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async start(): Promise<void> {
    const primary = await this.#cluster.primary();
    await primary.sql('drop table if exists counted; create table counted (n bigint primary key)');
    this.#loop = this.#write();
    await this.acknowledges();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  /** Waits until something written after this call is acknowledged. */
  async acknowledges(withinMs = 60_000): Promise<void> {
    const before = this.#next;
    const endMs = performance.now() + withinMs;
    while ((this.acknowledged.at(-1) ?? 0) < before) {
      if (performance.now() > endMs) throw new Error(`no write acknowledged within ${withinMs} ms`);
      await pause(PAUSE_MS);
    }
  }

  /** Longest time between two acknowledgements, the first of them at or after `sinceMs` less one. */
  outageMs(sinceMs: number): number {
    const times = this.acknowledgedMs;
    const first = Math.max(0, times.findIndex((ms) => ms >= sinceMs) - 1);
    return times
      .slice(first)
      .reduce((longest, ms, index, list) => Math.max(longest, index === 0 ? 0 : ms - (list[index - 1] ?? ms)), 0);
  }

  /** Numbers acknowledged and absent from what the primary has now. */
  async lost(): Promise<readonly number[]> {
    const primary = await this.#cluster.primary();
    const rows = await primary.sql('select n from counted');
    const there = new Set(rows.map((row) => Number(row['n'])));
    return this.acknowledged.filter((n) => !there.has(n));
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const client = await this.#race();
      if (client === undefined) return;
      try {
        while (!this.#stopped) await this.#insert(client);
      } catch (error) {
        // The next connection goes on; this number may or may not be there, so nobody counts on it.
        this.failures.push(String(error));
      }
      drop(client);
    }
  }

  async #insert(client: Client): Promise<void> {
    const n = this.#next++;
    await client.query('insert into counted values ($1)', [n]);
    this.acknowledged.push(n);
    this.acknowledgedMs.push(performance.now());
    await pause(PAUSE_MS);
  }

  /** The first connection to a member that accepts writes; undefined once stopped. */
  async #race(): Promise<Client | undefined> {
    const race: { won?: Client; tries: number } = { tries: 0 };
    const attempt = async (member: TestMember): Promise<void> => {
      race.tries += 1;
      const client = await writable(member);
      race.tries -= 1;
      if (client === undefined) return;
      if (race.won === undefined && !this.#stopped) race.won = client;
      else drop(client);
    };
    while (race.won === undefined && !this.#stopped) {
      for (const member of this.#cluster.members) if (race.tries < TRIES_MAX) void attempt(member);
      await pause(RACE_EVERY_MS);
    }
    return race.won;
  }
}

export function drop(client: Client): void {
  void client.end().catch(() => undefined);
}

/** A connection to a member that accepts writes at this moment. */
export async function writable(member: TestMember): Promise<Client | undefined> {
  const client = member.client();
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ writes: boolean }>('select not pg_is_in_recovery() as writes');
    if (rows[0]?.writes === true) return client;
  } catch {
    // Not this one, or not yet.
  }
  drop(client);
  return undefined;
}
