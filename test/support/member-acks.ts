import { drop, writable } from './counting-writer.ts';
import type { TestMember } from './kornak-cluster.ts';

const PAUSE_MS = 10;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Inserts into `acks` at one member whenever that accepts it, so that two primaries that acknowledge at once are seen. */
export class MemberAcks {
  readonly member: TestMember;
  /** When each insert was sent and acknowledged. */
  readonly times: { readonly sentMs: number; readonly ackedMs: number }[] = [];
  readonly ids: number[] = [];
  readonly #nextId: () => number;
  #isOver = false;
  #loop: Promise<void> | undefined;

  constructor(member: TestMember, nextId: () => number) {
    this.member = member;
    this.#nextId = nextId;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const client = await writable(this.member);
      if (client === undefined) {
        await pause(PAUSE_MS);
        continue;
      }
      try {
        while (!this.#isOver) {
          const id = this.#nextId();
          const sentMs = performance.now();
          await client.query('insert into acks values ($1)', [id]);
          this.times.push({ sentMs, ackedMs: performance.now() });
          this.ids.push(id);
          await pause(PAUSE_MS);
        }
      } catch {
        // Not acknowledged: nobody counts on it.
      }
      drop(client);
    }
  }
}
