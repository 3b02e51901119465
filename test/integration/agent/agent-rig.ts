import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPrey } from '../../../src/guard/kill-directory.ts';
import { type EtcdCluster, startEtcd } from '../../support/etcd-cluster.ts';
import { freePorts } from '../../support/free-ports.ts';

const mainUrl = new URL('../../../dist/agent/main.js', import.meta.url).href;
/** What bin/kornak does, without its look at the age of the build. */
const launch = `const { main } = await import(${JSON.stringify(mainUrl)}); process.exit(await main(process.argv.slice(1)));`;

export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Member {
  readonly name: string;
  readonly file: string;
  readonly dataDir: string;
  readonly restPort: number;
  readonly pgPort: number;
}

/** One etcd, and agents with their PostgreSQL below one directory. */
export class AgentRig {
  readonly root: string;
  readonly #etcd: EtcdCluster;
  readonly #agents: ChildProcess[] = [];
  readonly #members: Member[] = [];

  private constructor(etcd: EtcdCluster) {
    this.#etcd = etcd;
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'kornak-agent-')));
    chmodSync(this.root, 0o755);
    mkdirSync(join(this.root, 'data'));
    if (process.getuid?.() === 0) execFileSync('chown', ['postgres:', join(this.root, 'data')]);
  }

  static async start(): Promise<AgentRig> {
    return new AgentRig(await startEtcd({ size: 1 }));
  }

  async member(name: string, changed: Partial<Member> = {}): Promise<Member> {
    const [restPort = 0, pgPort = 0] = await freePorts(2);
    const dataDir = join(this.root, 'data', name);
    const file = join(this.root, `${name}-${restPort}.yml`);
    const member = { name, file, dataDir, restPort, pgPort, ...changed };
    writeFileSync(file, this.#yaml(member), { mode: 0o600 });
    this.#members.push(member);
    return member;
  }

  run(...args: string[]): Running {
    const node = ['--input-type=module', '-e', launch, '--', ...args];
    const agent = spawn(process.execPath, node, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    this.#agents.push(agent);
    let stderr = '';
    agent.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    const ended = once(agent, 'close').then(() => ({ code: agent.exitCode, stderr }));
    return { process: agent, ended };
  }

  guardPid({ dataDir }: Member): number {
    return Number(readFileSync(join(`${dataDir}.kornak`, 'guard.lock'), 'utf8'));
  }

  async dispose(): Promise<void> {
    for (const agent of this.#agents) agent.kill('SIGKILL');
    for (const member of this.#members) {
      for (const { pid } of findPrey({ dataDir: member.dataDir, postmaster: undefined })) end(pid);
      try {
        end(this.guardPid(member));
      } catch {
        // It never had one.
      }
    }
    await this.#etcd.stop();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  #yaml({ name, dataDir, restPort, pgPort }: Member): string {
    return `
scope: tried
name: ${name}
restapi: { listen: '127.0.0.1:${restPort}', connect_address: '127.0.0.1:${restPort}' }
etcd3: { hosts: '${this.#etcd.endpoints.map((endpoint) => new URL(endpoint).host).join(',')}' }
bootstrap:
  dcs: { ttl: 20, loop_wait: 5, retry_timeout: 5, postgresql: { use_pg_rewind: true } }
  initdb: [data-checksums]
postgresql:
  listen: 127.0.0.1:${pgPort}
  connect_address: 127.0.0.1:${pgPort}
  data_dir: ${dataDir}
  authentication:
    superuser: { username: postgres, password: hush-super }
    replication: { username: replicator, password: hush-replica }
  pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']
`;
  }
}

/** The status document, once it can be had. */
export async function statusOf({ restPort }: Member): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${restPort}/patroni`, { signal: AbortSignal.timeout(2_000) });
    return await answer.text();
  } catch {
    return '';
  }
}

export function postmasterPid({ dataDir }: Member): number {
  try {
    return Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return 0;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
