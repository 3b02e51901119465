// Clients of the REST API that come and go: each asks on a connection of its own, and some leave before they are answered.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestMember } from '../../test/support/kornak-cluster.ts';

const PATHS = [
  '/primary',
  '/replica',
  '/health',
  '/readiness',
  '/cluster',
  '/patroni',
  '/metrics',
  '/kornak/explain',
] as const;
const PACE_MS = 400;
const ANSWER_MS = 5_000;
/** Every so many leave at once. */
const LEAVES_EVERY = 7;
/** Every so many say nothing for a moment first. */
const SILENT_EVERY = 11;

export class ApiClients {
  answered = 0;
  left = 0;
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();
  readonly #members: readonly TestMember[];

  constructor(members: readonly TestMember[]) {
    this.#members = members;
  }

  start(count: number): void {
    this.#running = Promise.all(Array.from({ length: count }, (_, at) => this.#client(at)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #client(at: number): Promise<void> {
    for (let turn = at; !this.#isOver; turn += 1) {
      const member = this.#members[turn % this.#members.length];
      const path = PATHS[turn % PATHS.length];
      if (member === undefined || path === undefined) return;
      await this.#ask(member.apiPort, path, turn);
      await sleep(PACE_MS);
    }
  }

  #ask(port: number, path: string, turn: number): Promise<void> {
    return new Promise((done) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.setTimeout(ANSWER_MS, () => socket.destroy());
      socket.once('connect', () => {
        const ask = (): void =>
          void socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        if (turn % SILENT_EVERY === 0) setTimeout(ask, PACE_MS);
        else ask();
        if (turn % LEAVES_EVERY === 0) {
          this.left += 1;
          setImmediate(() => socket.destroy());
        }
      });
      socket.once('data', () => (this.answered += 1));
      socket.resume();
      socket.on('error', () => undefined);
      socket.once('close', () => done());
    });
  }
}
