// The leader key as etcd tells of it: the same witness for every product.

export interface KeyMoment {
  /** By performance.now(), when we heard of it. */
  readonly atMs: number;
  /** undefined: deleted. */
  readonly holder: string | undefined;
  readonly revision: number;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();

interface WatchLine {
  readonly result?: {
    readonly events?: readonly {
      readonly type?: string;
      readonly kv: { readonly value?: string; readonly mod_revision: string };
    }[];
  };
}

export class LeaderKey {
  readonly #moments = new Map<number, KeyMoment>();
  readonly #closing = new AbortController();

  private constructor() {}

  /** Listens at every member of etcd: the first who tells counts, and one may be cut off. */
  static watch(endpoints: readonly string[], scope: string): LeaderKey {
    const it = new LeaderKey();
    for (const endpoint of endpoints) void it.#listen(endpoint, `/service/${scope}/leader`).catch(() => undefined);
    return it;
  }

  close(): void {
    this.#closing.abort();
  }

  /** In the order of the store. */
  since(atMs: number): readonly KeyMoment[] {
    return [...this.#moments.values()].filter((each) => each.atMs >= atMs).toSorted((a, b) => a.revision - b.revision);
  }

  async #listen(endpoint: string, key: string): Promise<void> {
    const body = JSON.stringify({ create_request: { key: base64(key) } });
    const answer = await fetch(`${endpoint}/v3/watch`, { method: 'POST', body, signal: this.#closing.signal });
    if (answer.body === null) return;
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#note(line);
    }
  }

  #note(line: string): void {
    const atMs = performance.now();
    const { result } = JSON.parse(line) as WatchLine;
    for (const { type, kv } of result?.events ?? []) {
      const revision = Number(kv.mod_revision);
      const holder = type === 'DELETE' || kv.value === undefined ? undefined : fromBase64(kv.value);
      const known = this.#moments.get(revision);
      if (known === undefined) this.#moments.set(revision, { atMs, holder, revision });
    }
  }
}
