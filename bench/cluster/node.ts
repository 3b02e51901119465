// One member: its agent, its PostgreSQL, and the signals that faults are made of.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { processesIn } from '../../test/support/processes.ts';
import { PASSWORDS, until } from '../../test/support/kornak-cluster.ts';
import type { Product } from './product.ts';

export interface Place {
  readonly name: string;
  readonly dir: string;
  /** Where the other members, and clients, reach it. */
  readonly address: string;
  /** A way in that no cut of the network closes: that of a client on the same machine. */
  readonly innerAddress: string;
  readonly port: number;
  readonly apiPort: number;
  /** undefined: no network of its own. */
  readonly namespace?: string | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

const API_MS = 60_000;

export class Node implements Place {
  readonly name: string;
  readonly dir: string;
  readonly address: string;
  readonly innerAddress: string;
  readonly port: number;
  readonly apiPort: number;
  readonly namespace: string | undefined;
  readonly product: Product;
  #agent: ChildProcess | undefined;
  #hasEnded = true;
  #isRetired = false;

  constructor(place: Place, product: Product) {
    this.name = place.name;
    this.dir = place.dir;
    this.address = place.address;
    this.innerAddress = place.innerAddress;
    this.port = place.port;
    this.apiPort = place.apiPort;
    this.namespace = place.namespace;
    this.product = product;
  }

  get dataDir(): string {
    return join(this.dir, 'data');
  }

  get file(): string {
    return join(this.dir, 'member.yml');
  }

  get serverLog(): string {
    return join(this.dir, this.product.serverLog);
  }

  get agentPid(): number {
    return this.#agent?.pid ?? 0;
  }

  /** Whatever is still to repair something does not start it again. */
  retire(): void {
    this.#isRetired = true;
  }

  start(): void {
    if (this.#isRetired) return;
    const inside = this.namespace === undefined ? [] : ['ip', 'netns', 'exec', this.namespace];
    const [program = '', ...args] = [...inside, ...this.product.agent(this.file)];
    const log = openSync(join(this.dir, 'agent.log'), 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    this.#hasEnded = false;
    child.once('exit', () => {
      if (this.#agent === child) this.#hasEnded = true;
    });
    child.once('error', () => undefined);
    this.#agent = child;
  }

  async killAgent(): Promise<void> {
    this.#agent?.kill('SIGKILL');
    await until(`the agent of ${this.name} is gone`, () => this.#hasEnded);
  }

  /** The postmaster alone: its children find out. */
  async killPostmaster(): Promise<void> {
    const [line = ''] = (await readFile(join(this.dataDir, 'postmaster.pid'), 'utf8')).split('\n');
    signal(Number(line), 'SIGKILL');
  }

  async guardPid(): Promise<number | undefined> {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.includes('guard/main.js') && command.includes(this.dataDir)) return Number(pid);
    }
    return undefined;
  }

  /** Agent, guard, and all of PostgreSQL. */
  async #everything(): Promise<readonly number[]> {
    const [guard, server] = await Promise.all([this.guardPid(), processesIn(this.dataDir)]);
    const own = this.#hasEnded ? [] : [this.agentPid];
    return [...own, ...(guard === undefined ? [] : [guard]), ...server];
  }

  async #signalAll(name: NodeJS.Signals): Promise<void> {
    for (const pid of await this.#everything()) signal(pid, name);
  }

  /** As a machine that loses its power. */
  async killNode(): Promise<void> {
    await this.#signalAll('SIGKILL');
    await until(`nothing of ${this.name} is left`, async () => {
      const left = await this.#everything();
      for (const pid of left) signal(pid, 'SIGKILL');
      return left.length === 0;
    });
  }

  async freeze(): Promise<void> {
    await this.#signalAll('SIGSTOP');
  }

  async thaw(): Promise<void> {
    await this.#signalAll('SIGCONT');
  }

  async api(path: string, init: { readonly method?: string; readonly body?: unknown } = {}): Promise<ApiAnswer> {
    const { method = 'GET', body } = init;
    const answer = await fetch(`http://${this.address}:${this.apiPort}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(API_MS),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** `timeoutMs`: of each statement; undefined: as long as it takes. */
  client(host: string, timeoutMs?: number): Client {
    return new Client({
      host,
      port: this.port,
      user: 'postgres',
      password: PASSWORDS.superuser,
      database: 'postgres',
      connectionTimeoutMillis: 1_000,
      ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
    });
  }

  async sql(statement: string, timeoutMs = 10_000): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = this.client(this.innerAddress, timeoutMs);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone by itself.
  }
}
