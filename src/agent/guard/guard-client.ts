import { closeSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceOf } from '../../api/after-reading.ts';
import { LineSplitter } from '../../guard/line-splitter.ts';
import { replyFrom } from '../../guard/protocol.ts';
import type { Reply, Request } from '../../guard/protocol.ts';
import { openStateDir, shortSocketPath } from '../../guard/socket-server.ts';
import type { Guard, GuardAnswer, GuardOrder } from '../../ports/guard.ts';
import { startGuard } from './start-guard.ts';
import type { GuardPlace } from './start-guard.ts';

type Question = { readonly op: 'arm'; readonly order: GuardOrder } | { readonly op: 'disarm' | 'state' };

const connectAgainMs = 20;
/** A guard takes a tenth of a second to start; one that ends at once must not be started in a circle. */
const startAgainMs = 2_000;
const unsentBytesMax = 16_384;

/** Talks to this data directory's guard over one connection, and starts a guard where none answers. */
export class GuardClient implements Guard {
  readonly #place: GuardPlace;
  readonly #stateDirFd: number;
  readonly #onTrouble: (text: string) => void;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #socket: Socket | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #isStarting = false;
  #lastId = 0;

  constructor(place: GuardPlace, onTrouble: (text: string) => void) {
    this.#place = place;
    this.#onTrouble = onTrouble;
    this.#stateDirFd = openStateDir(place.stateDir);
  }

  arm(order: GuardOrder, budgetMs: number): Promise<GuardAnswer> {
    return this.#ask({ op: 'arm', order }, budgetMs);
  }

  disarm(budgetMs: number): Promise<GuardAnswer> {
    return this.#ask({ op: 'disarm' }, budgetMs);
  }

  state(budgetMs: number): Promise<GuardAnswer> {
    return this.#ask({ op: 'state' }, budgetMs);
  }

  /** Hangs up; the guard goes on. */
  close(): void {
    this.#socket?.destroy();
    closeSync(this.#stateDirFd);
  }

  async #ask(question: Question, budgetMs: number): Promise<GuardAnswer> {
    const patience = patienceOf(budgetMs);
    const socket = await this.#connected(patience);
    if (socket === undefined)
      return { kind: 'unanswered', why: `the guard could not be reached within ${budgetMs} ms` };
    this.#lastId += 1;
    const reply = await this.#exchange(socket, { id: this.#lastId, ...question }, patience);
    if (reply === undefined) return { kind: 'unanswered', why: `the guard gave no answer within ${budgetMs} ms` };
    if (reply.dataDir !== this.#place.dataDir)
      return { kind: 'unanswered', why: `the guard here watches ${reply.dataDir}` };
    if (reply.refused !== undefined) this.#onTrouble(`the guard refused to ${question.op}: ${reply.refused}`);
    return { kind: 'ok', state: reply.state };
  }

  #exchange(socket: Socket, request: Request, patience: AbortSignal): Promise<Reply | undefined> {
    return new Promise((resolve) => {
      const end = (reply: Reply | undefined): void => {
        this.#waiting.delete(request.id);
        patience.removeEventListener('abort', giveUp);
        socket.off('close', giveUp);
        resolve(reply);
      };
      const giveUp = (): void => end(undefined);
      patience.addEventListener('abort', giveUp);
      socket.once('close', giveUp);
      this.#waiting.set(request.id, end);
      // A guard that does not read must not fill our memory.
      if (socket.writableLength > unsentBytesMax) socket.destroy();
      else socket.write(`${JSON.stringify(request)}\n`);
      if (patience.aborted) giveUp();
    });
  }

  async #connected(patience: AbortSignal): Promise<Socket | undefined> {
    while (!patience.aborted) {
      if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
      const socket = await this.#connect(patience);
      if (socket !== undefined) return socket;
      this.#start();
      await sleep(connectAgainMs);
    }
    return undefined;
  }

  #connect(patience: AbortSignal): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ path: shortSocketPath(this.#stateDirFd) });
      const giveUp = (): void => void socket.destroy();
      patience.addEventListener('abort', giveUp);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        patience.removeEventListener('abort', giveUp);
        resolve(undefined);
      });
      socket.on('connect', () => {
        patience.removeEventListener('abort', giveUp);
        resolve(this.#adopt(socket));
      });
    });
  }

  /** The connection to use: two questions at once may have opened two. */
  #adopt(socket: Socket): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed) {
      socket.destroy();
      return this.#socket;
    }
    this.#socket = socket;
    const lines = new LineSplitter();
    socket.on('data', (chunk) => {
      const complete = lines.push(chunk);
      if (complete === undefined) socket.destroy();
      else for (const line of complete) this.#deliver(line);
    });
    return socket;
  }

  #deliver(line: string): void {
    const reply = replyFrom(line);
    if (reply !== undefined) this.#waiting.get(reply.id)?.(reply);
  }

  #start(): void {
    const now = performance.now();
    if (this.#isStarting || now - this.#startedAt < startAgainMs) return;
    this.#startedAt = now;
    this.#isStarting = true;
    startGuard(this.#place, (why) => this.#onTrouble(`the guard could not be started: ${why}`))
      .catch((error: unknown) => this.#onTrouble(`the guard could not be started: ${String(error)}`))
      .finally(() => (this.#isStarting = false));
  }
}
