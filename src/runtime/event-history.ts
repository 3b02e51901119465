// What happened: the last events of this member for whoever asks it, and everybody's in the store, best effort and bounded.
import type { ClusterEvent } from '../core/model/event.ts';
import { known } from '../core/model/seen.ts';
import { compactJson } from '../core/layout/compact-json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Mirror } from './mirror.ts';
import { pause } from './pause.ts';
import { StoredEvents } from './stored-events.ts';
import type { Transactor } from './transactor.ts';

const RECENT_MAX = 200;
const STORED_MAX = 1_000;
/** Compact JSON is ASCII: a character is a byte. */
const STORED_BYTES_MAX = 256 * 1024;
/** Waiting for the store; the oldest are dropped first. */
const QUEUE_MAX = 200;
/** Events come in bursts, and each write carries the whole history. */
const GATHER_MS = 500;
const RETRY_MS = 2_000;

export interface EventHistoryOptions {
  readonly clock: Clock;
  readonly mirror: Mirror;
  readonly transactor: Transactor;
  readonly key: string;
}

/** The newest events that fit, oldest first, each as compact JSON. */
export function boundedHistory(events: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let bytes = 2;
  for (const event of events.slice(-STORED_MAX).toReversed()) {
    bytes += event.length + 1;
    if (bytes > STORED_BYTES_MAX) break;
    kept.push(event);
  }
  return kept.toReversed();
}

export class EventHistory {
  private readonly options: EventHistoryOptions;
  private readonly stored = new StoredEvents();
  private latest: readonly ClusterEvent[] = [];
  private queue: readonly ClusterEvent[] = [];
  private writing: Promise<void> | undefined;
  private stopped = false;

  constructor(options: EventHistoryOptions) {
    this.options = options;
  }

  stop(): void {
    this.stopped = true;
  }

  /** This member's own since its start, oldest first. */
  recent(): readonly ClusterEvent[] {
    return this.latest;
  }

  /** Never waits: the store gets them when it answers. */
  add(events: readonly ClusterEvent[]): void {
    if (events.length === 0) return;
    this.latest = [...this.latest, ...events].slice(-RECENT_MAX);
    this.queue = [...this.queue, ...events].slice(-QUEUE_MAX);
    this.writing ??= this.write();
  }

  private async write(): Promise<void> {
    await pause(this.options.clock, GATHER_MS);
    while (this.queue.length > 0 && !this.stopped) {
      const taken = new Set(this.queue);
      const written = await this.append(this.queue);
      if (written) this.queue = this.queue.filter((event) => !taken.has(event));
      await pause(this.options.clock, written ? GATHER_MS : RETRY_MS);
    }
    this.writing = undefined;
  }

  private async append(events: readonly ClusterEvent[]): Promise<boolean> {
    const { key, mirror, transactor } = this.options;
    const stored = known(mirror.view())?.events;
    if (stored === undefined) return false;
    const before = this.stored.read(stored.value);
    // After an unknown outcome some may be there already.
    const texts = new Set(before.slice(-QUEUE_MAX));
    const missing = events.map((event) => compactJson(event)).filter((text) => !texts.has(text));
    if (missing.length === 0) return true;
    const value = `[${boundedHistory([...before, ...missing]).join(',')}]`;
    const outcome = await transactor.commit(
      [{ target: 'mod', key, revision: stored.revision }],
      [{ kind: 'put', key, value }],
    );
    return outcome.kind === 'done';
  }
}
