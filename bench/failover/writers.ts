// The clients of a measurement. One writes through whichever member accepts writes, as libpq does with several hosts and
// target_session_attrs=read-write; and at each member a patient one, which shows who accepts writes when.
import { BENCH_USER } from '../cluster/member-file.ts';
import type { Node } from '../cluster/node.ts';
import { acceptsWrites, openSession, type Session } from './session.ts';

export interface Ack {
  readonly id: number;
  readonly node: string;
  readonly by: 'racing' | 'patient';
  /** By performance.now(). */
  readonly atMs: number;
}

const PAUSE_MS = 10;
const PATIENCE_MS = 1_000;
/** After a loss every member is tried again this often, without waiting for earlier tries. */
const RACE_EVERY_MS = 20;
const TRIES_MAX = 60;
const PATIENT_EVERY_MS = 50;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

export class Writers {
  readonly acks: Ack[] = [];
  readonly #nodes: readonly Node[];
  #lastId = 0;
  #isOver = false;
  readonly #open = new Set<Session>();
  #running: readonly Promise<void>[] = [];

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
  }

  async start(primary: Node): Promise<void> {
    const roles = await primary.sql(`select from pg_roles where rolname = '${BENCH_USER}'`);
    if (roles.length === 0) await primary.sql(`create role ${BENCH_USER} login`);
    await primary.sql('drop table if exists bench; create table bench (id bigint primary key)');
    await primary.sql(`alter table bench owner to ${BENCH_USER}`);
    this.#running = [this.#race(), ...this.#nodes.map((node) => this.#persist(node))];
    await this.acked(() => true, 30_000);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const session of this.#open) session.hangUp();
    await Promise.all(this.#running);
  }

  /** Waits for an acknowledgement that comes after this call. */
  async acked(fits: (ack: Ack) => boolean, withinMs: number): Promise<Ack> {
    const from = this.acks.length;
    const endMs = performance.now() + withinMs;
    for (;;) {
      const found = this.acks.slice(from).find(fits);
      if (found !== undefined) return found;
      if (performance.now() > endMs) throw new Error(`no such write acknowledged within ${withinMs} ms`);
      await pause(PAUSE_MS);
    }
  }

  async #insert({ client }: Session, node: Node, by: Ack['by']): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    await client.query('insert into bench values ($1)', [id]);
    this.acks.push({ id, node: node.name, by, atMs: performance.now() });
  }

  async #session(node: Node, host: string, timeoutMs?: number): Promise<Session | undefined> {
    const session = await openSession(node, host, timeoutMs);
    if (session !== undefined) this.#open.add(session);
    return session;
  }

  #drop(session: Session): void {
    this.#open.delete(session);
    session.hangUp();
  }

  async #persist(node: Node): Promise<void> {
    while (!this.#isOver) {
      const session = await this.#session(node, node.innerAddress);
      // What was not answered counts as nothing.
      await this.#insertPatiently(session, node).catch(() => undefined);
      if (session !== undefined) this.#drop(session);
      await pause(PATIENT_EVERY_MS);
    }
  }

  async #insertPatiently(session: Session | undefined, node: Node): Promise<void> {
    if (session === undefined) return;
    while (!this.#isOver) {
      if (await acceptsWrites(session)) await this.#insert(session, node, 'patient');
      await pause(PATIENT_EVERY_MS);
    }
  }

  async #race(): Promise<void> {
    while (!this.#isOver) {
      const won = await this.#first();
      if (won === undefined) return;
      try {
        while (!this.#isOver) {
          await this.#insert(won.session, won.node, 'racing');
          await pause(PAUSE_MS);
        }
      } catch {
        // The next connection goes on with another number.
      }
      this.#drop(won.session);
    }
  }

  /** The first connection to a member that accepts writes; undefined once stopped. */
  async #first(): Promise<{ readonly session: Session; readonly node: Node } | undefined> {
    const race: { won?: { session: Session; node: Node }; tries: number } = { tries: 0 };
    const attempt = async (node: Node): Promise<void> => {
      race.tries += 1;
      const session = await this.#writable(node);
      race.tries -= 1;
      if (session === undefined) return;
      if (race.won === undefined && !this.#isOver) race.won = { session, node };
      else this.#drop(session);
    };
    while (race.won === undefined && !this.#isOver) {
      for (const node of this.#nodes) if (race.tries < TRIES_MAX) void attempt(node);
      await pause(RACE_EVERY_MS);
    }
    return race.won;
  }

  async #writable(node: Node): Promise<Session | undefined> {
    const session = await this.#session(node, node.address, PATIENCE_MS);
    if (session === undefined) return undefined;
    try {
      if (await acceptsWrites(session)) return session;
    } catch {
      // Not this one, or not yet.
    }
    this.#drop(session);
    return undefined;
  }
}
