// A watch over all endpoints: a connection that merely breaks is resumed elsewhere after the last change delivered.
// What may have lost changes, or may hang again, ends the watch, and its owner reads everything anew.
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Revision, Watch, WatchEvent, WatchSink } from '../ports/store.ts';
import { EndpointProbe } from './endpoint-probe.ts';
import type { Gateway } from './gateway.ts';
import type { Rotation } from './rotation.ts';
import { revisionOf, type WatchMessage } from './watch-message.ts';
import { WatchStream } from './watch-stream.ts';

/** In a row, before the watch is given up. */
const BREAKS_PER_ENDPOINT = 2;
const BREAKS_MIN = 4;
const PAUSE_MS_FIRST = 20;
const PAUSE_MS_MAX = 500;
/** A stream that lived so long, or delivered something, was a good one: the breaks before it no longer count. */
const PROVEN_MS = 10_000;

export interface WatchTools {
  readonly rotation: Rotation;
  readonly clock: Clock;
  readonly probeEveryMs: number;
  readonly onClose: () => void;
}

export class EtcdWatch implements Watch {
  readonly #prefix: string;
  readonly #sink: WatchSink;
  readonly #tools: WatchTools;
  /** Moves with changes delivered and with nothing else: a header may be ahead of changes still to come. */
  #deliveredRevision: Revision;
  #breaks = 0;
  #openedAtMs = 0;
  #stream: WatchStream | undefined;
  #probe: EndpointProbe | undefined;
  #cancelPause: CancelTimer = () => undefined;
  #isOver = false;

  constructor(from: { readonly prefix: string; readonly afterRevision: Revision }, sink: WatchSink, tools: WatchTools) {
    this.#prefix = from.prefix;
    this.#deliveredRevision = from.afterRevision;
    this.#sink = sink;
    this.#tools = tools;
    this.#connect();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#disconnect();
    this.#tools.onClose();
  }

  #connect(): void {
    const { rotation, clock } = this.#tools;
    const gateway = rotation.preferred;
    const watch = { prefix: this.#prefix, startRevision: this.#deliveredRevision + 1 };
    this.#openedAtMs = clock.bootMs();
    this.#stream = new WatchStream(gateway, clock, watch, (message) => this.#onMessage(gateway, message));
  }

  #disconnect(): void {
    this.#cancelPause();
    this.#stream?.close();
    this.#probe?.stop();
  }

  #onMessage(gateway: Gateway, message: WatchMessage): void {
    switch (message.kind) {
      case 'created':
        return this.#onCreated(gateway, message.header.revision);
      case 'events':
        return this.#deliver(message.events, message.revision);
      case 'idle':
        return;
      case 'compacted':
        return this.#end('compacted', message.why);
      case 'broken':
        return this.#onBreak(gateway, message.why);
    }
  }

  #onCreated(gateway: Gateway, storeRevision: Revision): void {
    // Lagging for a moment, or a store put back from a backup: there the wait for the old revision would be silent.
    if (storeRevision < this.#deliveredRevision) {
      return this.#onBreak(gateway, `${gateway.name}: at revision ${storeRevision}, before ${this.#deliveredRevision}`);
    }
    const times = { clock: this.#tools.clock, everyMs: this.#tools.probeEveryMs };
    this.#probe = new EndpointProbe(gateway, times, (why) => {
      this.#tools.rotation.moveFrom(gateway);
      this.#end('silent', why);
    });
  }

  #deliver(events: readonly WatchEvent[], revision: Revision): void {
    const fresh = events.filter((event) => revisionOf(event) > this.#deliveredRevision);
    if (fresh.length === 0) return;
    this.#deliveredRevision = revision;
    this.#breaks = 0;
    this.#sink.onEvents(fresh, revision);
  }

  #onBreak(gateway: Gateway, why: string): void {
    const { rotation, clock } = this.#tools;
    this.#disconnect();
    rotation.moveFrom(gateway);
    if (clock.bootMs() - this.#openedAtMs >= PROVEN_MS) this.#breaks = 0;
    this.#breaks += 1;
    if (this.#breaks >= Math.max(BREAKS_PER_ENDPOINT * rotation.size, BREAKS_MIN)) return this.#end('broken', why);
    const pauseMs = Math.min(PAUSE_MS_FIRST * 2 ** (this.#breaks - 1), PAUSE_MS_MAX);
    this.#cancelPause = clock.after(pauseMs, () => this.#connect());
  }

  #end(reason: 'compacted' | 'silent' | 'broken', why: string): void {
    if (this.#isOver) return;
    this.close();
    this.#sink.onEnd(reason, why);
  }
}
