// A whole cluster of real programs on the loopback address: etcd, and an agent with a PostgreSQL of its own for each member.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { openSync, closeSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type EtcdCluster, startEtcd } from './etcd-cluster.ts';
import { freePorts } from './free-ports.ts';
import { processesIn } from './processes.ts';

const HOUSE = resolve(import.meta.dirname, '../..');
export const PASSWORDS = { superuser: 'sup-3r-s3cret', replication: 'r3pl-s3cret', rewind: 'r3w1nd-s3cret' } as const;
const LAST_LINES = 12;
const run = promisify(execFile);

export interface ClusterOptions {
  readonly members?: readonly string[];
  readonly etcdMembers?: number;
  readonly scope?: string;
  /** bootstrap.dcs beyond the defaults. */
  readonly dcs?: Readonly<Record<string, unknown>>;
  /** More of the file of a member, merged into it at the top. */
  readonly more?: (name: string) => Readonly<Record<string, unknown>>;
  /** How the agent of a member is run on its file, where not as it is by itself. */
  readonly command?: (name: string) => AgentCommand | undefined;
}

/** The last argument is the file of the member. */
export type AgentCommand = (...args: readonly string[]) => readonly string[];

export const kornakCommand: AgentCommand = (...args) => [process.execPath, join(HOUSE, 'bin/kornak'), ...args];

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

async function postgresAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  );
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** Asks again until it holds; fails by name when the deadline has passed. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export class TestMember {
  readonly name: string;
  readonly dir: string;
  readonly dataDir: string;
  readonly file: string;
  readonly port: number;
  readonly apiPort: number;
  exitCode: number | null | undefined;
  #agent: ChildProcess | undefined;
  #isRetired = false;
  readonly #command: AgentCommand;

  constructor(name: string, dir: string, ports: readonly [number, number], command: AgentCommand = kornakCommand) {
    const [port, apiPort] = ports;
    this.#command = command;
    this.name = name;
    this.dir = dir;
    this.dataDir = join(dir, 'data');
    this.file = join(dir, 'kornak.yml');
    this.port = port;
    this.apiPort = apiPort;
  }

  get logFile(): string {
    return join(this.dir, 'agent.log');
  }

  /** Whatever is still to undo something does not start it again. */
  retire(): void {
    this.#isRetired = true;
  }

  /** `flags` go before the file. */
  start(flags: readonly string[] = []): void {
    if (this.#isRetired) return;
    const log = openSync(this.logFile, 'a');
    this.exitCode = undefined;
    const [program = '', ...args] = this.#command(...flags, this.file);
    const child = spawn(program, args, { stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    child.once('exit', (code) => {
      this.exitCode = code;
    });
    this.#agent = child;
  }

  get agentPid(): number {
    return this.#agent?.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#agent?.kill(signal);
  }

  async exited(withinMs = 30_000): Promise<number | null> {
    return await until(
      `${this.name} ends`,
      () => (this.exitCode === undefined ? undefined : { code: this.exitCode }),
      withinMs,
    ).then((it) => it.code);
  }

  async killAgent(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited();
  }

  /** The postmaster and its children, and nothing else. */
  async postgresPids(): Promise<readonly number[]> {
    return await processesIn(this.dataDir);
  }

  async killPostgres(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    for (const pid of await this.postgresPids()) kill(pid, signal);
  }

  async guardPid(): Promise<number | undefined> {
    const { stdout } = await run('pgrep', ['-f', `guard/main.js.*${this.dataDir}`]).catch(() => ({ stdout: '' }));
    const pid = Number(stdout.trim().split('\n')[0]);
    return pid > 0 ? pid : undefined;
  }

  /** As a machine that loses its power: agent, guard and PostgreSQL at one stroke. */
  async killNode(): Promise<void> {
    const guard = await this.guardPid();
    const pids = await this.postgresPids();
    this.signal('SIGKILL');
    for (const pid of [...(guard === undefined ? [] : [guard]), ...pids]) kill(pid, 'SIGKILL');
    await this.exited();
    // An agent that was just starting has brought up another one meanwhile.
    await until(`${this.name}'s PostgreSQL and guard are gone`, async () => {
      const left = [await this.guardPid(), ...(await this.postgresPids())].filter((pid) => pid !== undefined);
      for (const pid of left) kill(pid, 'SIGKILL');
      return left.length === 0;
    });
  }

  async freeze(): Promise<void> {
    await this.signalAll('SIGSTOP');
  }

  async thaw(): Promise<void> {
    await this.signalAll('SIGCONT');
  }

  private async signalAll(signal: NodeJS.Signals): Promise<void> {
    const guard = await this.guardPid();
    this.signal(signal);
    for (const pid of [...(guard === undefined ? [] : [guard]), ...(await this.postgresPids())]) kill(pid, signal);
  }

  async log(): Promise<string> {
    return await readFile(this.logFile, 'utf8').catch(() => '');
  }

  async api(path: string, init: { method?: string; body?: unknown } = {}): Promise<Answer> {
    const answer = await fetch(`http://127.0.0.1:${this.apiPort}${path}`, {
      method: init.method ?? 'GET',
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
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

  /** `timeoutMs` bounds each statement. */
  client(timeoutMs = 1_000): Client {
    return new Client({
      host: '127.0.0.1',
      port: this.port,
      user: 'postgres',
      password: PASSWORDS.superuser,
      database: 'postgres',
      connectionTimeoutMillis: 1_000,
      query_timeout: timeoutMs,
    });
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}

export class TestCluster {
  readonly scope: string;
  readonly dir: string;
  readonly etcd: EtcdCluster;
  readonly members: readonly TestMember[];

  constructor(scope: string, dir: string, etcd: EtcdCluster, members: readonly TestMember[]) {
    this.scope = scope;
    this.dir = dir;
    this.etcd = etcd;
    this.members = members;
  }

  member(name: string): TestMember {
    const found = this.members.find((item) => item.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  startAll(): void {
    for (const member of this.members) member.start();
  }

  /** The member that accepts writes. */
  async primary(withinMs = 30_000, except?: TestMember): Promise<TestMember> {
    return await until(
      'one member accepts writes',
      async () => {
        for (const member of this.members) {
          if (member === except) continue;
          const rows = await member.sql('select not pg_is_in_recovery() as writes').catch(() => []);
          if (rows[0]?.['writes'] === true) return member;
        }
        return undefined;
      },
      withinMs,
    );
  }

  others(member: TestMember): readonly TestMember[] {
    return this.members.filter((item) => item !== member);
  }

  /** Waits until as many standbys stream from the primary; tells what the agents last said if they do not come to that. */
  async streaming(count = this.members.length - 1, withinMs = 60_000): Promise<TestMember> {
    try {
      return await this.#streaming(count, withinMs);
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.lastWords()}`, { cause: error });
    }
  }

  async lastWords(): Promise<string> {
    const words = this.members.map(async (member) => {
      const lines = (await member.log()).trim().split('\n').slice(-LAST_LINES);
      return `--- ${member.name} (${member.exitCode === undefined ? 'runs' : `ended with ${member.exitCode}`})\n${lines.join('\n')}`;
    });
    return (await Promise.all(words)).join('\n');
  }

  async #streaming(count: number, withinMs: number): Promise<TestMember> {
    return await until(
      `${count} standbys stream`,
      async () => {
        const primary = await this.primary(1_000);
        const rows = await primary.sql("select application_name from pg_stat_replication where state = 'streaming'");
        return rows.length >= count ? primary : undefined;
      },
      withinMs,
    );
  }

  /** Waits until /sync names this many voters. */
  async synchronous(count = 1): Promise<void> {
    await until(`/sync names ${count}`, async () => {
      const primary = await this.primary(1_000);
      const { json } = await primary.api('/cluster');
      const members = Array.isArray(json['members']) ? (json['members'] as { role: string }[]) : [];
      return members.filter((item) => /^(sync|quorum)_standby$/.test(item.role)).length >= count;
    });
  }

  async ctl(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const file = this.members[0]?.file ?? '';
    return await new Promise((done) => {
      execFile(
        process.execPath,
        [join(HOUSE, 'bin/kornakctl'), '-c', file, ...args],
        { timeout: 60_000 },
        (error, stdout, stderr) => {
          done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, stdout, stderr });
        },
      );
    });
  }

  /** Every key and value below the cluster's prefix, as text. */
  async storeDump(): Promise<string> {
    const body = JSON.stringify({
      key: Buffer.from('/').toString('base64'),
      range_end: Buffer.from('0').toString('base64'),
    });
    const answer = await fetch(`${this.etcd.endpoints[0]}/v3/kv/range`, { method: 'POST', body });
    const { kvs = [] } = (await answer.json()) as { kvs?: { key: string; value?: string }[] };
    return kvs
      .map(
        ({ key, value = '' }) => `${Buffer.from(key, 'base64').toString()} ${Buffer.from(value, 'base64').toString()}`,
      )
      .join('\n');
  }

  async stop(): Promise<void> {
    for (const member of this.members) member.retire();
    await Promise.all(
      this.members.map((member) =>
        member
          .thaw()
          .then(() => member.killNode())
          .catch(() => undefined),
      ),
    );
    await this.etcd.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function memberFile(scope: string, member: TestMember, etcd: EtcdCluster, options: ClusterOptions): string {
  const file = {
    scope,
    name: member.name,
    restapi: { listen: `127.0.0.1:${member.apiPort}`, connect_address: `127.0.0.1:${member.apiPort}` },
    etcd3: { hosts: etcd.endpoints.map((endpoint) => endpoint.replace('http://', '')) },
    bootstrap: {
      dcs: {
        ttl: 30,
        loop_wait: 10,
        retry_timeout: 10,
        maximum_lag_on_failover: 1_048_576,
        postgresql: { use_pg_rewind: true, parameters: { wal_log_hints: 'on' } },
        ...options.dcs,
      },
      initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
    },
    postgresql: {
      listen: `127.0.0.1:${member.port}`,
      connect_address: `127.0.0.1:${member.port}`,
      data_dir: member.dataDir,
      use_pg_rewind: true,
      authentication: {
        superuser: { username: 'postgres', password: PASSWORDS.superuser },
        replication: { username: 'replicator', password: PASSWORDS.replication },
        rewind: { username: 'rewinder', password: PASSWORDS.rewind },
      },
      pg_hba: [
        'local all all scram-sha-256',
        'host all all 127.0.0.1/32 scram-sha-256',
        'host replication replicator 127.0.0.1/32 scram-sha-256',
      ],
      parameters: { unix_socket_directories: member.dir, shared_buffers: '16MB' },
    },
    ...options.more?.(member.name),
  };
  // JSON is YAML.
  return JSON.stringify(file, null, 2);
}

/** Files and etcd are ready; no agent is started yet. */
export async function prepareCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const names = options.members ?? ['a', 'b', 'c'];
  const scope = options.scope ?? 'demo';
  const dir = await mkdtemp(join(tmpdir(), 'kornak-test-'));
  await chmod(dir, 0o755);
  const account = await postgresAccount();
  const etcd = await startEtcd({ size: options.etcdMembers ?? 1 });
  const ports = await freePorts(names.length * 2);
  const members = names.map((name, index) => {
    const [port = 0, apiPort = 0] = ports.slice(index * 2);
    return new TestMember(name, join(dir, name), [port, apiPort], options.command?.(name));
  });
  for (const member of members) {
    await mkdir(member.dir, { mode: 0o755 });
    await writeFile(member.file, memberFile(scope, member, etcd, options), { mode: 0o600 });
    if (account === undefined) continue;
    for (const path of [member.dir, member.file]) await chown(path, account.uid, account.gid);
  }
  return new TestCluster(scope, dir, etcd, members);
}
