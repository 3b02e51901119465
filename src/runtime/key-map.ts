import type { KeyValue, Revision } from '../ports/store.ts';

export interface KeyChange {
  readonly key: string;
  readonly before: KeyValue | undefined;
  readonly after: KeyValue | undefined;
  /** At which the change was made; undefined: a range found the key gone. */
  readonly revision: Revision | undefined;
}

interface Entry {
  readonly revision: Revision;
  /** undefined: deleted at `revision`; kept so that an older put that arrives later does not bring the key back. */
  readonly keyValue: KeyValue | undefined;
}

/** The newest known state of each key, whichever way it was learnt and in whatever order. */
export class KeyMap {
  private readonly entries = new Map<string, Entry>();
  /** Everything up to this revision is known already: what tells of it now comes late. */
  private completeTo: Revision = 0;

  get(key: string): KeyValue | undefined {
    return this.entries.get(key)?.keyValue;
  }

  /** In the order of their names, so that nothing depends on how they were learnt. */
  all(): readonly KeyValue[] {
    const present: KeyValue[] = [];
    for (const { keyValue } of this.entries.values()) if (keyValue !== undefined) present.push(keyValue);
    return present.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  /** What the key is as of `revision`; undefined if something newer is known, or the same. */
  learn(key: string, keyValue: KeyValue | undefined, revision: Revision): KeyChange | undefined {
    const old = this.entries.get(key);
    const at = keyValue?.modRevision ?? revision;
    if (at <= Math.max(this.completeTo, old?.revision ?? 0)) return undefined;
    this.entries.set(key, { revision: at, keyValue });
    if (old?.keyValue === undefined && keyValue === undefined) return undefined;
    return { key, before: old?.keyValue, after: keyValue, revision: at };
  }

  /** Everything below the prefix as of `revision`; what was learnt of later revisions stays. */
  learnAll(keyValues: readonly KeyValue[], revision: Revision): readonly KeyChange[] {
    const present = new Set(keyValues.map(({ key }) => key));
    const changes: (KeyChange | undefined)[] = [];
    for (const key of this.entries.keys()) if (!present.has(key)) changes.push(this.learn(key, undefined, revision));
    for (const keyValue of keyValues) changes.push(this.learn(keyValue.key, keyValue, revision));
    this.completeUpTo(revision);
    return changes
      .filter((change) => change !== undefined)
      .map((change) => ({ ...change, revision: change.after?.modRevision }));
  }

  /** What was complete does not have these keys as they are now: they come from another history than what was learnt. */
  contradicts(keyValues: readonly KeyValue[]): boolean {
    return keyValues.some(({ key, modRevision }) => {
      if (modRevision > this.completeTo) return false;
      const entry = this.entries.get(key);
      const isNewer = entry !== undefined && entry.revision > this.completeTo;
      return !isNewer && entry?.revision !== modRevision;
    });
  }

  /** The store was replaced by an older state of it, whose revisions mean nothing beside those known: all of it is new. */
  replaceAll(keyValues: readonly KeyValue[], revision: Revision): readonly KeyChange[] {
    const old = new Map([...this.entries].map(([key, { keyValue }]) => [key, keyValue]));
    this.entries.clear();
    this.completeTo = 0;
    this.learnAll(keyValues, revision);
    const names = new Set([...old.keys(), ...this.entries.keys()]);
    return [...names].map((key) => ({
      key,
      before: old.get(key),
      after: this.get(key),
      revision: this.get(key)?.modRevision,
    }));
  }

  /** All changes up to `revision` have been learnt. */
  completeUpTo(revision: Revision): void {
    this.completeTo = Math.max(this.completeTo, revision);
    for (const [key, entry] of this.entries)
      if (entry.keyValue === undefined && entry.revision <= this.completeTo) this.entries.delete(key);
  }
}
