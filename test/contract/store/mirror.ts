// A copy of all keys below a prefix, kept as the port tells its users to: range, watch after that revision, and when
// the watch ends, the same again. It remembers what the watch may never do.
import type { Revision, Store, Watch, WatchEvent } from '../../../src/ports/store.ts';

export class Mirror {
  readonly faults: string[] = [];
  readonly #store: Store;
  readonly #prefix: string;
  readonly #values = new Map<string, string>();
  #revision: Revision = 0;
  #watch: Watch | undefined;
  #isStopped = false;

  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  get size(): number {
    return this.#values.size;
  }

  start(): void {
    void this.#readAnew();
  }

  stop(): void {
    this.#isStopped = true;
    this.#watch?.close();
  }

  async #readAnew(): Promise<void> {
    while (!this.#isStopped) {
      const found = await this.#store.range(this.#prefix, { budgetMs: 1_000 });
      if (found.kind !== 'ok') continue;
      this.#values.clear();
      for (const { key, value } of found.keyValues) this.#values.set(key, value);
      if (found.revision < this.#revision) this.faults.push(`read ${found.revision} after ${this.#revision}`);
      this.#revision = found.revision;
      this.#follow();
      return;
    }
  }

  #follow(): void {
    if (this.#isStopped) return;
    this.#watch = this.#store.watch(this.#prefix, this.#revision, {
      onEvents: (events, revision) => this.#apply(events, revision),
      onEnd: () => void this.#readAnew(),
    });
  }

  #apply(events: readonly WatchEvent[], revision: Revision): void {
    if (this.#isStopped) this.faults.push('a change after close');
    if (revision <= this.#revision) this.faults.push(`a change of ${revision} after ${this.#revision}`);
    this.#revision = revision;
    for (const event of events) {
      if (event.kind === 'put') this.#values.set(event.keyValue.key, event.keyValue.value);
      else this.#values.delete(event.key);
    }
  }
}
