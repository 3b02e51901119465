// Listens to another member's heartbeat. Whatever comes over the stream, only whole lines that are beats count, and a stream that
// cannot be one is ended.
import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { BeatSink } from '../ports/peers.ts';
import { type ApiClientOptions, beginRequest, withPath } from './client.ts';
import { beatFrom } from './heartbeat-body.ts';

/** Far more than a beat has. */
const LINE_CHARS_MAX = 1_024;
/** Of one stream, before it is taken for something else. */
const NONSENSE_MAX = 20;

/** The other machine's kernel or its agent says so; everything else may as well be said by what is in between, or by nobody. */
const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

export interface HeartbeatStream {
  close(): void;
}

export type HeartbeatClient = (apiUrl: string, sink: BeatSink, budgetMs: number) => HeartbeatStream;

export function heartbeatClient(options: ApiClientOptions): HeartbeatClient {
  return (apiUrl, sink, budgetMs) => {
    const listening = new Listening(sink);
    try {
      listening.begin(apiUrl, budgetMs, options);
    } catch (error) {
      listening.end('silent', String(error));
    }
    return listening;
  };
}

class Listening implements HeartbeatStream {
  private readonly sink: BeatSink;
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private nonsense = 0;
  private isOver = false;
  private isBegun = false;
  private destroy: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(sink: BeatSink) {
    this.sink = sink;
  }

  begin(apiUrl: string, budgetMs: number, options: ApiClientOptions): void {
    const url = withPath(apiUrl, '/kornak/heartbeat');
    if (url === undefined) {
      this.end('silent', `${apiUrl} is no URL of a REST API`);
      return;
    }
    const request = beginRequest(new URL(url), options);
    this.destroy = () => request.destroy();
    this.timer = setTimeout(() => this.end('silent', `no heartbeat within ${budgetMs} ms`), budgetMs);
    request.on('response', (answer) => this.answered(answer));
    request.on('error', (error) => this.end(isRefusal(error) ? 'refused' : 'silent', error.message));
    // What went wrong on this side, or on the way, is an error and comes before.
    request.on('close', () => this.end(this.isBegun ? 'refused' : 'silent', 'the connection was closed'));
    request.end();
  }

  close(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.destroy();
  }

  /** Told after the caller has got the stream, whatever goes wrong how early. */
  end(how: 'refused' | 'silent', why: string): void {
    if (this.isOver) return;
    this.close();
    queueMicrotask(() => this.sink.onEnd(how, why));
  }

  private answered(answer: IncomingMessage): void {
    clearTimeout(this.timer);
    const type = answer.headers['content-type'] ?? '';
    if (answer.statusCode !== 200 || !type.startsWith('application/x-ndjson')) {
      this.end('silent', `answered with ${answer.statusCode ?? 'nothing'}, which is no heartbeat`);
      return;
    }
    this.isBegun = true;
    answer.on('data', (chunk: Buffer) => this.take(chunk));
    // Whoever ends it says so by its kernel, as one that is killed does.
    answer.on('end', () => this.end('refused', 'the other side ended the heartbeat'));
    // Its reason is told to the request.
    answer.on('error', () => undefined);
  }

  private take(chunk: Buffer): void {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (this.isOver) return;
      const beat = line.length > LINE_CHARS_MAX ? undefined : beatFrom(line);
      if (beat === undefined) this.nonsense += 1;
      else this.sink.onBeat(beat);
    }
    if (this.rest.length > LINE_CHARS_MAX) this.end('silent', 'a line is longer than any beat');
    if (this.nonsense > NONSENSE_MAX) this.end('silent', 'the stream holds no beats');
  }
}

function isRefusal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && REFUSALS.has(error.code);
}
