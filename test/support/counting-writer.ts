import type { Client } from 'pg';
import type { TestCluster, TestMember } from './kornak-cluster.ts';

const PAUSE_MS = 20;

/** Inserts 1, 2, 3 … through whichever member accepts writes, and remembers which were acknowledged. */
export class CountingWriter {
  readonly acknowledged: number[] = [];
  /** Longest time between two acknowledgements. */
  outageMs = 0;
  readonly #cluster: TestCluster;
  #next = 1;
  #stopped = false;
  #loop: Promise<void> | undefined;
  #lastMs = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async start(): Promise<void> {
    const primary = await this.#cluster.primary();
    await primary.sql('create table if not exists counted (n bigint primary key)');
    this.#lastMs = performance.now();
    this.#loop = this.#write();
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
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  /** Numbers acknowledged and absent from what the primary has now. */
  async lost(): Promise<readonly number[]> {
    const primary = await this.#cluster.primary();
    const rows = await primary.sql('select n from counted');
    const there = new Set(rows.map((row) => Number(row['n'])));
    return this.acknowledged.filter((n) => !there.has(n));
  }

  async #write(): Promise<void> {
    let client: Client | undefined;
    while (!this.#stopped) {
      client ??= await this.#connect();
      if (client === undefined) continue;
      const n = this.#next++;
      try {
        await client.query('insert into counted values ($1)', [n]);
        const nowMs = performance.now();
        this.outageMs = Math.max(this.outageMs, nowMs - this.#lastMs);
        this.#lastMs = nowMs;
        this.acknowledged.push(n);
        await new Promise((wake) => setTimeout(wake, PAUSE_MS));
      } catch {
        drop(client);
        client = undefined;
      }
    }
    if (client !== undefined) drop(client);
  }

  async #connect(): Promise<Client | undefined> {
    for (const member of this.#cluster.members) {
      const client = await writable(member);
      if (client !== undefined) return client;
    }
    await new Promise((wake) => setTimeout(wake, PAUSE_MS));
    return undefined;
  }
}

function drop(client: Client): void {
  void client.end().catch(() => undefined);
}

async function writable(member: TestMember): Promise<Client | undefined> {
  const client = member.client();
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ writes: boolean }>('select not pg_is_in_recovery() as writes');
    if (rows[0]?.writes === true) return client;
  } catch {
    // Not this one.
  }
  drop(client);
  return undefined;
}
