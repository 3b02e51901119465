// Keeps a copy of the cluster's keys: one range, then a watch, again and again for as long as the agent runs. Own writes are
// seen in it at once, and nothing older ever replaces something newer.
import type { ClusterView } from '../core/model/cluster.ts';
import { seen, type Seen, unknown } from '../core/model/seen.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { KeyValue, Revision, Store, Watch, WatchEvent } from '../ports/store.ts';
import { backOffMs } from './back-off.ts';
import { BUDGETS } from './budgets.ts';
import { type KeyChange, KeyMap } from './key-map.ts';

const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 1_000;
/** A watch that lived this long was a good one: its end is answered by a range at once. */
const GOOD_WATCH_MS = 1_000;

export interface MirrorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly prefix: string;
  readonly decode: (keyValues: readonly KeyValue[], revision: Revision) => ClusterView;
  readonly onChanges: (changes: readonly KeyChange[]) => void;
  /** The view became unknown, or known again. */
  readonly onContact: (reason: string) => void;
  /** Something about the store that is worth a line. */
  readonly onTrouble: (text: string) => void;
}

export class Mirror {
  private readonly options: MirrorOptions;
  private readonly keys = new KeyMap();
  private revision: Revision = 0;
  private currentMs = 0;
  /** Why the keys are not known now; undefined: they are. */
  private missing: string | undefined = 'the store has not answered yet';
  private decoded: ClusterView | undefined;
  private watch: Watch | undefined;
  private watchSinceMs = 0;
  private failures = 0;
  private running = false;
  private cancelRetry: CancelTimer | undefined;

  constructor(options: MirrorOptions) {
    this.options = options;
  }

  start(): void {
    this.running = true;
    void this.range();
  }

  stop(): void {
    this.running = false;
    this.watch?.close();
    this.cancelRetry?.();
  }

  /** Whether there is a view. */
  isKnown(): boolean {
    return this.missing === undefined;
  }

  view(): Seen<ClusterView> {
    if (this.missing !== undefined) return unknown(this.missing);
    this.decoded ??= this.options.decode(this.keys.all(), this.revision);
    return seen(this.decoded, this.currentMs);
  }

  /** The key as last learnt, even while the view is unknown. */
  get(key: string): KeyValue | undefined {
    return this.keys.get(key);
  }

  /** What an answered transaction told of one key. */
  learn(key: string, keyValue: KeyValue | undefined, revision: Revision): void {
    this.currentMs = this.options.clock.bootMs();
    const change = this.keys.learn(key, keyValue, revision);
    if (change !== undefined) this.took([change], revision);
  }

  private async range(): Promise<void> {
    const { store, clock, prefix } = this.options;
    const askedMs = clock.bootMs();
    const knownRevision = this.revision;
    const answer = await store.range(prefix, { budgetMs: BUDGETS.range });
    if (!this.running) return;
    if (answer.kind === 'unanswered') {
      this.failures += 1;
      this.rangeLater();
      this.lose(`the store does not answer: ${answer.why}`);
      return;
    }
    // It was asked of a majority: nothing that was known before can be newer in the same store.
    const isAnother = answer.revision < knownRevision || this.keys.contradicts(answer.keyValues);
    const changes = isAnother
      ? this.keys.replaceAll(answer.keyValues, answer.revision)
      : this.keys.learnAll(answer.keyValues, answer.revision);
    if (isAnother) this.revision = answer.revision;
    const wasMissing = this.missing !== undefined;
    this.missing = undefined;
    this.currentMs = Math.max(this.currentMs, askedMs);
    this.watchFrom(answer.revision);
    this.took(changes, answer.revision);
    if (wasMissing) this.options.onContact('the store answers');
    if (isAnother)
      this.options.onTrouble(
        `the store is not the one that was known up to revision ${knownRevision}: it was restored or replaced`,
      );
  }

  private watchFrom(revision: Revision): void {
    const { store, clock, prefix } = this.options;
    this.watchSinceMs = clock.bootMs();
    let open = true;
    this.watch = store.watch(prefix, revision, {
      onEvents: (events, eventsRevision) => {
        if (open && this.running) this.follow(events, eventsRevision);
      },
      onEnd: () => {
        if (!open || !this.running) return;
        open = false;
        this.watchEnded();
      },
    });
  }

  private follow(events: readonly WatchEvent[], revision: Revision): void {
    this.currentMs = this.options.clock.bootMs();
    const changes: KeyChange[] = [];
    for (const event of events) {
      const change =
        event.kind === 'put'
          ? this.keys.learn(event.keyValue.key, event.keyValue, event.keyValue.modRevision)
          : this.keys.learn(event.key, undefined, event.modRevision);
      if (change !== undefined) changes.push(change);
    }
    this.keys.completeUpTo(revision);
    this.took(changes, revision);
  }

  private watchEnded(): void {
    this.watch = undefined;
    const livedMs = this.options.clock.bootMs() - this.watchSinceMs;
    this.failures = livedMs >= GOOD_WATCH_MS ? 0 : this.failures + 1;
    this.rangeLater();
  }

  private rangeLater(): void {
    const delayMs = backOffMs(this.failures, BACK_OFF_FIRST_MS, BACK_OFF_MAX_MS);
    this.cancelRetry?.();
    this.cancelRetry = this.options.clock.after(delayMs, () => {
      if (this.running) void this.range();
    });
  }

  private lose(why: string): void {
    const wasMissing = this.missing !== undefined;
    this.missing = why;
    if (!wasMissing) this.options.onContact('the store does not answer');
  }

  private took(changes: readonly KeyChange[], revision: Revision): void {
    this.revision = Math.max(this.revision, revision);
    if (changes.length === 0) return;
    this.decoded = undefined;
    this.options.onChanges(changes);
  }
}
