// An answer without an end: lines, until one of the two sides has had enough. Who does not take them gets only the newest, then none.
import type { ServerResponse } from 'node:http';
import type { Answer, LineSink } from './answer.ts';

/** Who takes nothing for so long is gone. */
const STUCK_MS = 10_000;
/** Streams at a time: far more than a cluster has members, and far fewer than the listener takes connections. */
const STREAMS_MAX = 64;

export class LineStreams {
  private open = 0;
  private readonly stuckMs: number;

  constructor(stuckMs = STUCK_MS) {
    this.stuckMs = stuckMs;
  }

  /** What to answer instead; undefined: the stream is under way. */
  begin(response: ServerResponse, { status, contentType, stream, headers }: Answer): Answer | undefined {
    if (stream === undefined) return undefined;
    if (this.open >= STREAMS_MAX) return { status: 503, contentType: 'text/html', body: 'too many streams' };
    const lines = new Lines(response, this.stuckMs);
    const stop = stream(lines);
    if (typeof stop !== 'function') return stop;
    this.open += 1;
    response.once('close', () => {
      this.open -= 1;
      lines.closed();
      stop();
    });
    response.socket?.setTimeout(0);
    response.writeHead(status, { ...(contentType === undefined ? {} : { 'Content-Type': contentType }), ...headers });
    response.flushHeaders();
    lines.begin();
    return undefined;
  }
}

/** One line is on its way at a time, and one waits: the newest, as an older one would only be older when it comes. */
class Lines implements LineSink {
  private readonly response: ServerResponse;
  private readonly stuckMs: number;
  private isBegun = false;
  private isOnItsWay = false;
  private next: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, stuckMs: number) {
    this.response = response;
    this.stuckMs = stuckMs;
  }

  begin(): void {
    this.isBegun = true;
    this.send();
  }

  write(line: string): void {
    this.next = line;
    this.send();
  }

  end(): void {
    this.response.end();
    this.giveUpLater();
  }

  closed(): void {
    clearTimeout(this.timer);
  }

  private send(): void {
    const { next, response } = this;
    if (!this.isBegun || this.isOnItsWay || next === undefined) return;
    if (response.writableEnded || response.destroyed) return;
    this.next = undefined;
    this.isOnItsWay = true;
    this.giveUpLater();
    response.write(next, () => {
      this.isOnItsWay = false;
      clearTimeout(this.timer);
      this.send();
    });
  }

  private giveUpLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.response.destroy(), this.stuckMs);
    this.timer.unref();
  }
}
