// One PostgreSQL behind its adapter, for tests on the real program. What it starts it kills, and leaves no directory.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { FollowTarget, Job, JobFacts, JobOutcome, JobProgress, ServerSettings } from '../../src/core/model/job.ts';
import type { LocalPostgres, PrimaryStatus, StandbyStatus } from '../../src/core/model/local-postgres.ts';
import { Redacted } from '../../src/core/model/redacted.ts';
import { LocalServer } from '../../src/postgres/local-server.ts';
import type { PostgresOptions, SystemAccount } from '../../src/postgres/options.ts';
import { freePorts } from './free-ports.ts';
import { processesIn } from './processes.ts';
import { eventually, realClock } from './real-clock.ts';

export const SETTINGS: ServerSettings = {
  parameters: {
    fsync: 'off',
    wal_retrieve_retry_interval: '1s',
    max_wal_senders: 5,
    shared_buffers: '16MB',
    unix_socket_directories: '',
  },
  pgHba: [
    'local all all trust',
    'host all all 127.0.0.1/32 scram-sha-256',
    'host replication all 127.0.0.1/32 scram-sha-256',
  ],
  pgIdent: undefined,
  managesSync: true,
  syncNames: undefined,
};

const JOB_MS = 20_000;

export interface RunOptions {
  readonly withinMs?: number;
  readonly mayPromote?: () => Promise<boolean>;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** A directory that PostgreSQL's account may enter. */
export class PostgresBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'kornak-pg-'));
  readonly account = postgresAccount();
  readonly #members: PostgresMember[] = [];

  constructor() {
    chmodSync(this.dir, 0o755);
  }

  async member(name: string, more: Partial<PostgresOptions> = {}): Promise<PostgresMember> {
    const [port = 0] = await freePorts(1);
    const home = join(this.dir, name);
    mkdirSync(home, { mode: 0o755, recursive: true });
    if (this.account !== undefined) chownSync(home, this.account.uid, this.account.gid);
    const member = new PostgresMember({
      dataDir: join(home, 'data'),
      stateDir: join(home, 'kornak'),
      listenAddresses: '127.0.0.1',
      port,
      localHost: '127.0.0.1',
      database: 'postgres',
      superuser: { username: 'postgres', password: new Redacted("sup'er \\ s3cret") },
      replication: { username: 'replicator', password: new Redacted('r3pl:s3cret') },
      rewind: { username: 'rewinder', password: new Redacted('r3w1nd') },
      localParameters: {},
      initdbOptions: ['--no-sync', '--data-checksums', '--auth=scram-sha-256'],
      usePgRewind: true,
      basebackupOptions: ['--no-sync'],
      scope: 'bench',
      memberName: name,
      runAs: this.account,
      clock: realClock,
      ...more,
    });
    this.#members.push(member);
    return member;
  }

  /** Of PostgreSQL's account. */
  directory(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { mode: 0o755 });
    if (this.account !== undefined) chownSync(path, this.account.uid, this.account.gid);
    return path;
  }

  /** A running primary. */
  async primary(name: string, settings: ServerSettings = SETTINGS): Promise<PostgresMember> {
    const member = await this.member(name);
    await member.done({ kind: 'bootstrap', settings });
    await member.done({ kind: 'startPrimary', settings });
    return member;
  }

  /** A running standby that streams from `upstream` through its own slot. */
  async standby(name: string, upstream: PostgresMember, settings: ServerSettings = SETTINGS): Promise<PostgresMember> {
    const member = await this.member(name);
    await upstream.server.createSlot(name, 5_000);
    const from = upstream.asTarget(name);
    await member.done({ kind: 'clone', from, settings });
    await member.done({ kind: 'startStandby', follow: from, settings });
    await member.streams();
    return member;
  }

  async close(): Promise<void> {
    for (const member of this.#members) await member.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class PostgresMember {
  readonly options: PostgresOptions;
  readonly changes: string[] = [];
  server: LocalServer;

  constructor(options: PostgresOptions) {
    this.options = options;
    this.server = new LocalServer(options);
    this.server.onChange((what) => this.changes.push(what));
  }

  /** As an agent that was started again: knows nothing of the one before. */
  restartAgent(): void {
    this.server.close();
    this.server = new LocalServer(this.options);
    this.server.onChange((what) => this.changes.push(what));
  }

  run(job: Job, options: RunOptions = {}): Promise<JobOutcome> {
    const control = {
      mayPromote: options.mayPromote ?? (() => Promise.resolve(true)),
      progress: options.onProgress ?? (() => {}),
      isCancelled: () => false,
      onCancel: () => {},
    };
    return this.server.run(job, control, realClock.bootMs() + (options.withinMs ?? JOB_MS));
  }

  async done(job: Job, options: RunOptions = {}): Promise<JobFacts> {
    const outcome = await this.run(job, options);
    if (outcome.kind === 'failed') throw new Error(`${job.kind} failed: ${outcome.why}`);
    return outcome.facts;
  }

  async failure(job: Job, options: RunOptions = {}): Promise<string> {
    const outcome = await this.run(job, options);
    if (outcome.kind === 'done') throw new Error(`${job.kind} was done`);
    return outcome.why;
  }

  asTarget(slot: string | undefined): FollowTarget {
    return { member: this.options.memberName, upstream: { host: '127.0.0.1', port: this.options.port }, slot };
  }

  observe(): Promise<LocalPostgres> {
    return this.server.observe(3_000);
  }

  async primaryStatus(): Promise<PrimaryStatus> {
    const { sql } = await this.observe();
    if (sql.kind === 'seen' && sql.value.kind === 'primary') return sql.value;
    throw new Error(`no primary: ${sql.kind === 'seen' ? sql.value.kind : sql.why}`);
  }

  async standbyStatus(): Promise<StandbyStatus> {
    const { sql } = await this.observe();
    if (sql.kind === 'seen' && sql.value.kind === 'standby') return sql.value;
    throw new Error(`no standby: ${sql.kind === 'seen' ? sql.value.kind : sql.why}`);
  }

  async streams(): Promise<void> {
    const isStreaming = async (): Promise<boolean> => (await this.standbyStatus()).receiver?.status === 'streaming';
    await eventually(`${this.options.memberName} streams`, isStreaming);
  }

  /** Each statement on one new connection; the last one's rows. */
  async sql(...statements: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const client = await this.connect();
    try {
      let rows: readonly Record<string, unknown>[] = [];
      for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows;
      return rows;
    } finally {
      await client.end();
    }
  }

  async connect(): Promise<Client> {
    const { superuser, port } = this.options;
    const password = superuser.password?.reveal() ?? '';
    const client = new Client({ host: '127.0.0.1', port, user: superuser.username, password, database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    await this.server.kill(5_000);
    this.server.close();
    const left = await processesIn(this.options.dataDir);
    if (left.length > 0) throw new Error(`${left.join(', ')} still work in ${this.options.dataDir}`);
  }
}

function postgresAccount(): SystemAccount | undefined {
  if (userInfo().uid !== 0) return undefined;
  const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  );
  return { user: 'postgres', uid, gid };
}
