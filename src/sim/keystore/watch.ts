import type { Revision, Watch, WatchEvent, WatchSink } from '../../ports/store.ts';
import type { Network } from '../network.ts';
import type { Process } from '../time/process.ts';
import type { Feed, StoreServer } from './server.ts';
import { type Change, keyOf } from './state.ts';

/** A watch whose endpoint says nothing for this long is given up. */
const SILENCE_MS = 3000;
/** How often a stalled stream is tried again. */
const RETRY_MS = 300;
/** How often the store's heartbeat is missed. */
const HEARTBEAT_MS = 1500;

export interface WatchOptions {
  readonly server: StoreServer;
  readonly process: Process;
  readonly network: Network;
  readonly prefix: string;
  readonly afterRevision: Revision;
  readonly sink: WatchSink;
}

/** Changes from the store to one member: in order, none missing, none twice; stalled by a cut, ended by a long one. */
export class SimWatch implements Watch, Feed {
  private readonly options: WatchOptions;
  private readonly closed: () => void;
  private isOver = false;
  private isPumping = false;
  private delivered: Revision;
  private stalledSinceMs: number | undefined;

  constructor(options: WatchOptions, closed: () => void) {
    this.options = options;
    this.closed = closed;
    this.delivered = options.afterRevision;
    options.server.feeds.add(this);
    options.server.attach(this);
    options.process.machine.agenda.after(options.network.oneWayMs(), () => this.begin());
    this.heartbeat();
  }

  close(): void {
    this.isOver = true;
    this.options.server.feeds.delete(this);
    this.options.server.staleFeeds.delete(this);
    this.closed();
  }

  end(reason: 'compacted' | 'silent' | 'broken', why: string): void {
    if (this.isOver) return;
    this.close();
    this.options.process.run(() => this.options.sink.onEnd(reason, why));
  }

  onChange(): void {
    this.pump();
  }

  /** In a quiet store silence shows by the heartbeat that does not come. */
  private heartbeat(): void {
    this.options.process.after(HEARTBEAT_MS, () => {
      if (this.isOver) return;
      if (this.isReachable()) this.stalledSinceMs = undefined;
      else this.stall();
      this.heartbeat();
    });
  }

  private isReachable(): boolean {
    const { process, network, server } = this.options;
    return server.mode === 'up' && !server.staleFeeds.has(this) && network.isOpen('store', process.machine.name);
  }

  private begin(): void {
    const { server, afterRevision } = this.options;
    if (this.isOver) return;
    if (afterRevision < server.state.compactedAt) this.end('compacted', 'required revision has been compacted');
    else this.pump();
  }

  private pump(): void {
    const { server, process, network } = this.options;
    if (!process.alive) this.close();
    if (this.isOver || this.isPumping || this.delivered >= server.state.revision) return;
    this.isPumping = true;
    const isStalled = !this.isReachable();
    if (isStalled) this.stall();
    const delayMs = isStalled ? RETRY_MS : network.oneWayMs();
    process.machine.agenda.after(delayMs, () => {
      if (isStalled) {
        this.isPumping = false;
        this.pump();
      } else process.run(() => this.deliver());
    });
  }

  private stall(): void {
    const { nowMs } = this.options.process.machine.agenda;
    this.stalledSinceMs ??= nowMs;
    if (nowMs - this.stalledSinceMs >= SILENCE_MS) this.end('silent', 'no sign of life from the endpoint');
  }

  /** In the reader's own program: one piece after the other, however long it was frozen. */
  private deliver(): void {
    const { server, prefix, sink } = this.options;
    this.isPumping = false;
    if (this.isOver) return;
    this.stalledSinceMs = undefined;
    const { state } = server;
    const upTo = state.revision;
    const events = state.changes
      .slice(Math.max(0, this.delivered - 1), upTo - 1)
      .flatMap((change) => eventsBelow(change, prefix));
    this.delivered = upTo;
    if (events.length > 0) sink.onEvents(events, upTo);
  }
}

function eventsBelow(change: Change, prefix: string): readonly WatchEvent[] {
  return change.events.filter((event) => keyOf(event).startsWith(prefix));
}
