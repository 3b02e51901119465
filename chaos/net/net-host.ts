// One host: an address, a disk, and on it an agent with guard and PostgreSQL beside a member of etcd. What the harness asks it goes
// by the socket of PostgreSQL or from within its namespace, so that no fault of the network hides what happens there.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { PASSWORDS, until } from '../../test/support/kornak-cluster.ts';
import type { LoopDisk } from '../../test/support/loop-disk.ts';
import type { Host, Network } from '../../test/support/namespaces.ts';
import { type ProcessGroup, spawnIn } from '../../test/support/process-group.ts';
import { processesIn } from '../../test/support/processes.ts';

const HOUSE = resolve(import.meta.dirname, '../..');
export const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const ENDS_MS = 30_000;
const LISTENS_S = '1.5';

export const API_PORT = 8008;
export const STORE_PORT = 2379;

export interface NetHostParts {
  readonly name: string;
  readonly network: Network;
  readonly host: Host;
  readonly dir: string;
  readonly disk: LoopDisk;
  readonly group: ProcessGroup;
  readonly etcd: readonly string[];
}

type Program = 'agent' | 'etcd';

export class NetHost {
  readonly name: string;
  readonly host: Host;
  readonly dir: string;
  readonly dataDir: string;
  readonly disk: LoopDisk;
  readonly group: ProcessGroup;
  readonly #network: Network;
  readonly #etcd: readonly string[];
  readonly #running = new Map<Program, ChildProcess>();
  #isRetired = false;
  #hasOwnClock = false;
  #isDamaged = false;
  #isMending = false;

  constructor(parts: NetHostParts) {
    this.name = parts.name;
    this.host = parts.host;
    this.dir = parts.dir;
    this.dataDir = join(parts.disk.path, 'data');
    this.disk = parts.disk;
    this.group = parts.group;
    this.#network = parts.network;
    this.#etcd = parts.etcd;
    this.setClock(0);
  }

  get file(): string {
    return join(this.dir, 'kornak.yml');
  }

  /** Nothing starts on it any more. */
  retire(): void {
    this.#isRetired = true;
  }

  startEtcd(): void {
    this.#start('etcd', ['etcd', ...this.#etcd]);
  }

  startAgent(): void {
    const account = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'];
    // Not before the account is changed: what root's programs make for themselves the agent could not open.
    const clock = [
      'env',
      `LD_PRELOAD=${FAKETIME}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#clockFile}`,
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
      'FAKETIME_CACHE_DURATION=1',
    ];
    const program = [process.execPath, join(HOUSE, 'bin/kornak'), this.file];
    this.#start('agent', [...account, ...(this.#hasOwnClock ? clock : []), ...program]);
  }

  powerOn(): void {
    this.startEtcd();
    this.startAgent();
  }

  /** Everything on it at one stroke. */
  async powerOff(): Promise<void> {
    await this.group.kill();
    await until(`the programs of ${this.name} have ended`, () => this.#running.size === 0, ENDS_MS);
  }

  isUp(program: Program): boolean {
    return this.#running.has(program);
  }

  signal(program: Program, signal: NodeJS.Signals): void {
    this.#running.get(program)?.kill(signal);
  }

  async kill(program: Program): Promise<void> {
    this.signal(program, 'SIGKILL');
    await until(`${program} of ${this.name} has ended`, () => !this.isUp(program), ENDS_MS);
  }

  /** Whether the next agent goes by a clock of its own, which `setClock` moves. */
  giveOwnClock(hasOwnClock: boolean): void {
    this.#hasOwnClock = hasOwnClock;
  }

  /** The wall clock only: seconds that it is ahead. Seen within a second. */
  setClock(aheadS: number): void {
    writeFileSync(this.#clockFile, `${aheadS < 0 ? '' : '+'}${aheadS}\n`);
  }

  get #clockFile(): string {
    return join(this.dir, 'clock');
  }

  /** Its file system is read-only from now on, as the kernel leaves one that it finds damaged. */
  async damageDisk(): Promise<void> {
    this.#isDamaged = true;
    await this.disk.makeReadOnly();
  }

  /** Room again on a disk that was full; on one that is read-only that comes with its repair. */
  emptyDisk(): void {
    if (!this.#isDamaged) this.disk.unfill();
  }

  /** As somebody would: the machine is switched off, the file system checked, the machine switched on. */
  async mendDisk(): Promise<void> {
    if (!this.#isDamaged || this.#isMending) return;
    this.#isMending = true;
    try {
      await this.powerOff();
      await this.disk.repair();
      this.disk.unfill();
      this.#isDamaged = false;
    } finally {
      this.#isMending = false;
    }
    this.powerOn();
  }

  /** The postmaster and its children, each with the title that it gives itself. */
  async postgresProcesses(): Promise<readonly { readonly pid: number; readonly title: string }[]> {
    return (await processesIn(this.dataDir)).map((pid) => ({ pid, title: titleOf(pid) }));
  }

  async signalPostgres(signal: NodeJS.Signals): Promise<void> {
    for (const { pid } of await this.postgresProcesses()) signalTo(pid, signal);
  }

  async log(): Promise<string> {
    return await readFile(join(this.dir, 'agent.log'), 'utf8').catch(() => '');
  }

  client(timeoutMs?: number): Client {
    return new Client({
      host: this.dir,
      port: 5432,
      user: 'postgres',
      password: PASSWORDS.superuser,
      database: 'postgres',
      connectionTimeoutMillis: 5_000,
      ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
    });
  }

  /** Rows of one statement by a connection of its own. */
  async sql(statement: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    const client = this.client(10_000);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(statement, [...values])).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** What something on this very host would be told by REST; undefined: no answer, or none in JSON. */
  async ask(port: number, path: string, body?: unknown): Promise<unknown> {
    const url = `http://${this.host.address}:${port}${path}`;
    const sent = body === undefined ? [] : ['-X', 'POST', '-d', JSON.stringify(body)];
    const { code, stdout } = await this.#network.run(this.host, ['curl', '-s', '-m', '3', ...sent, url]);
    try {
      return code === 0 ? JSON.parse(stdout) : undefined;
    } catch {
      return undefined;
    }
  }

  /** What an answer without an end has said after a while. */
  async listen(port: number, path: string, body: unknown): Promise<string> {
    const url = `http://${this.host.address}:${port}${path}`;
    const sent = ['-X', 'POST', '-d', JSON.stringify(body)];
    return (await this.#network.run(this.host, ['curl', '-s', '-N', '-m', LISTENS_S, ...sent, url])).stdout;
  }

  async ctl(...args: string[]): Promise<void> {
    await this.#network.run(this.host, [process.execPath, join(HOUSE, 'bin/kornakctl'), '-c', this.file, ...args]);
  }

  #start(program: Program, command: readonly string[]): void {
    // Without its disk mounted a member would be a new one.
    if (this.#isRetired || this.#isMending || this.isUp(program)) return;
    const log = openSync(join(this.dir, `${program}.log`), 'a');
    const entering = ['nsenter', `--net=/run/netns/${this.host.namespace}`];
    const child = spawnIn(this.group, [...entering, ...command], {
      stdio: ['ignore', log, log],
      cwd: '/',
      env: { PATH: process.env['PATH'], HOME: this.dir },
    });
    closeSync(log);
    child.once('exit', () => {
      if (this.#running.get(program) === child) this.#running.delete(program);
    });
    this.#running.set(program, child);
  }
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}
