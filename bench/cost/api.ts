// How fast the REST API answers a load balancer: one question after the other, and from many at once. The client shares the machine.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchCluster } from '../cluster/cluster.ts';
import { type ProductName, PRODUCTS } from '../cluster/product.ts';
import type { Journal } from '../journal.ts';
import { quantile } from '../summary.ts';

export interface ApiOrder {
  readonly products: readonly ProductName[];
  readonly seconds: number;
  readonly journal: Journal;
  readonly say: (line: string) => void;
}

const PATHS = ['/primary', '/readiness'] as const;
const CLIENTS = [1, 16] as const;
const SETTLE_MS = 5_000;
const WARM_MS = 1_000;

export async function measureApi(order: ApiOrder): Promise<void> {
  for (const product of order.products) {
    const cluster = await BenchCluster.prepare({ product, mode: 'on' });
    try {
      cluster.startAll();
      const primary = await cluster.ready();
      await sleep(SETTLE_MS);
      const loads = PATHS.flatMap((path) => CLIENTS.map((clients) => ({ port: primary.apiPort, path, clients })));
      for (const load of loads) await measureLoad(order, product, load);
    } finally {
      await cluster.stop();
    }
  }
}

interface Load {
  readonly port: number;
  readonly path: string;
  readonly clients: number;
}

async function measureLoad({ seconds, journal, say }: ApiOrder, product: ProductName, load: Load): Promise<void> {
  await answerTimes(load, WARM_MS);
  const times = await answerTimes(load, seconds * 1_000);
  const { path, clients } = load;
  const perSecond = times.length / seconds;
  const [p50Ms, p99Ms, maxMs] = [quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)];
  journal.add('api', PRODUCTS[product], { path, clients, seconds, perSecond, p50Ms, p99Ms, maxMs });
  say(
    `${product} ${path}, ${clients} at once: ${Math.round(perSecond)} a second, p50 ${p50Ms.toFixed(2)} ms, ` +
      `p99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(1)} ms`,
  );
}

/** How long each answer took. A server that closes the connection is asked on a new one, and that counts. */
async function answerTimes({ port, path, clients }: Load, forMs: number): Promise<readonly number[]> {
  const times: number[] = [];
  const endMs = performance.now() + forMs;
  await Promise.all(Array.from({ length: clients }, () => ask(port, path, endMs, times)));
  return times;
}

async function ask(port: number, path: string, endMs: number, times: number[]): Promise<void> {
  let line: Line | undefined;
  while (performance.now() < endMs) {
    const fromMs = performance.now();
    line ??= new Line(port);
    const answer = await line.ask(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    if (!answer.startsWith('HTTP/1.') || !answer.includes(' 200 '))
      throw new Error(`${path} answers ${answer.slice(0, 80)}`);
    times.push(performance.now() - fromMs);
    if (line.isOver) line = undefined;
  }
  line?.close();
}

class Line {
  isOver = false;
  readonly #socket: Socket;
  #read = '';
  #settle: (() => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.#read += text;
      if (isWhole(this.#read)) this.#settle?.();
    });
    const over = (): void => {
      this.isOver = true;
      this.#settle?.();
    };
    this.#socket.once('end', over);
    this.#socket.once('error', over);
    this.#socket.once('close', over);
  }

  async ask(text: string): Promise<string> {
    this.#read = '';
    this.#socket.write(text);
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    if (/^connection: close/im.test(this.#read) || this.#read.startsWith('HTTP/1.0')) {
      this.isOver = true;
      this.#socket.destroy();
    }
    return this.#read;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Without a length the end of the connection ends the answer. */
function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, head))?.[1];
  return length !== undefined && text.length >= head + 4 + Number(length);
}
