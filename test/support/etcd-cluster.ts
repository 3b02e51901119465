// Real etcd on the loopback address: one member or several, each of which can be frozen, killed and started again.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { eventually } from './real-clock.ts';

export interface EtcdMember {
  readonly endpoint: string;
  /** Stops it as a paused machine is: connections are taken, nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL; returns when nothing listens any more. */
  kill(): Promise<void>;
  /** After a kill, with the data it had. */
  start(): void;
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly endpoints: readonly string[];
  /** Thaws and starts whatever is not running, and waits until every member serves linearizable reads. */
  heal(): Promise<void>;
  /** Ends all and removes their data. */
  stop(): Promise<void>;
}

export interface EtcdClusterOptions {
  readonly size: number;
  readonly protocol?: 'http' | 'https';
  /** More of them for each member, without the dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Replaces the check over plain HTTP that a member serves. */
  readonly isServing?: (endpoint: string) => Promise<boolean>;
}

const STARTS_MAX = 3;

export async function startEtcd(options: EtcdClusterOptions): Promise<EtcdCluster> {
  for (let start = 1; ; start += 1) {
    const cluster = await newCluster(options);
    try {
      await cluster.heal();
      return cluster;
    } catch (error) {
      await cluster.stop();
      // Somebody else may have taken one of the ports meanwhile.
      if (start === STARTS_MAX) throw error;
    }
  }
}

async function newCluster(options: EtcdClusterOptions): Promise<EtcdCluster> {
  const { size, protocol = 'http', isServing = servesLinearizableReads } = options;
  const dir = await mkdtemp(join(tmpdir(), 'etcd-test-'));
  const ports = await freePorts(2 * size);
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const peerUrl = (index: number) => `http://127.0.0.1:${ports[size + index] ?? 0}`;
  const initialCluster = names.map((name, index) => `${name}=${peerUrl(index)}`).join(',');
  const members = names.map((name, index) => {
    const endpoint = `${protocol}://127.0.0.1:${ports[index] ?? 0}`;
    const args = Object.entries({
      name,
      'data-dir': join(dir, name),
      'log-level': 'fatal',
      logger: 'zap',
      'listen-client-urls': endpoint,
      'advertise-client-urls': endpoint,
      'listen-peer-urls': peerUrl(index),
      'initial-advertise-peer-urls': peerUrl(index),
      'initial-cluster': initialCluster,
      ...options.flags,
    }).map(([flag, value]) => `--${flag}=${value}`);
    return new Member(endpoint, args);
  });
  return {
    members,
    endpoints: members.map((member) => member.endpoint),
    async heal() {
      for (const member of members) member.thaw();
      for (const member of members) member.start();
      for (const { endpoint } of members) await eventually(`${endpoint} serves`, () => isServing(endpoint));
    },
    async stop() {
      await Promise.all(members.map((member) => member.kill()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function servesLinearizableReads(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/v3/kv/range`, {
      method: 'POST',
      body: '{"key":"AA=="}',
      signal: AbortSignal.timeout(1_000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

class Member implements EtcdMember {
  readonly endpoint: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  constructor(endpoint: string, args: readonly string[]) {
    this.endpoint = endpoint;
    this.#args = args;
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  start(): void {
    if (this.#process !== undefined) return;
    // setpriv: the kernel ends it with us, however we end.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'etcd', ...this.#args], { stdio: 'ignore' });
    child.once('error', () => undefined);
    this.#process = child;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGKILL');
    await gone;
  }
}
