import { constants, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { DeadlineWatch } from './deadline-watch.ts';
import { LineSplitter } from './line-splitter.ts';
import { requestFrom } from './protocol.ts';
import type { Reply, Request } from './protocol.ts';

export const socketName = 'guard.sock';

/**
 * How to reach the socket whatever the length of its directory's path: the kernel allows 107 bytes, and a path through an
 * open descriptor of the directory is always shorter. Keep the descriptor open for as long as the path is used.
 */
export function shortSocketPath(stateDirFd: number): string {
  return `/proc/self/fd/${stateDirFd}/${socketName}`;
}

export function openStateDir(stateDir: string): number {
  return openSync(stateDir, constants.O_RDONLY | constants.O_DIRECTORY);
}

const connectionsMax = 8;
const unsentBytesMax = 65_536;

/** Answers requests about one watch. Holding the lock of the state directory, so a socket found there is a dead guard's. */
export class SocketServer {
  readonly #watch: DeadlineWatch;
  readonly #dataDir: string;
  readonly #connections = new Set<Socket>();
  #lastSeenMs: number;
  readonly #nowMs: () => number;

  constructor(watch: DeadlineWatch, dataDir: string, nowMs: () => number) {
    this.#watch = watch;
    this.#dataDir = dataDir;
    this.#nowMs = nowMs;
    this.#lastSeenMs = nowMs();
  }

  listen(stateDir: string, onListening: () => void, onError: (error: Error) => void): void {
    rmSync(join(stateDir, socketName), { force: true });
    const server = createServer((socket) => this.#serve(socket));
    server.on('error', onError);
    // The mode is that of the file from its first moment on.
    const mask = process.umask(0o177);
    server.listen(shortSocketPath(openStateDir(stateDir)), onListening);
    process.umask(mask);
  }

  /** Since when nobody is connected. */
  aloneMs(): number {
    return this.#connections.size > 0 ? 0 : this.#nowMs() - this.#lastSeenMs;
  }

  #serve(socket: Socket): void {
    this.#watch.check();
    // The oldest goes first: connections that somebody forgot must not keep the agent out.
    if (this.#connections.size >= connectionsMax) [...this.#connections][0]?.destroy();
    this.#connections.add(socket);
    const lines = new LineSplitter();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#lastSeenMs = this.#nowMs();
    });
    socket.on('data', (chunk) => {
      this.#watch.check();
      const complete = lines.push(chunk);
      if (complete === undefined || socket.writableLength > unsentBytesMax) socket.destroy();
      else for (const line of complete) socket.write(`${this.#answer(line)}\n`);
    });
  }

  #answer(line: string): string {
    const request = requestFrom(line);
    if (request === undefined) return '{"refused":"not a request"}';
    const refused = this.#obey(request);
    const reply: Reply = {
      id: request.id,
      dataDir: this.#dataDir,
      state: this.#watch.state,
      ...(refused !== undefined && { refused }),
    };
    return JSON.stringify(reply);
  }

  #obey(request: Request): string | undefined {
    if (request.op === 'arm') return this.#watch.arm(request.order);
    return request.op === 'disarm' ? this.#watch.disarm() : undefined;
  }
}
