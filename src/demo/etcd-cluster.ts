// The store of the demo: three real etcd members on the loopback address.
import { join } from 'node:path';
import { type Child, type Children, findProgram, pause, signalAll, waitForEnd } from './children.ts';
import { type EtcdPorts, LOOPBACK } from './ports.ts';
import { StartError } from './start-error.ts';

export const ETCD_COUNT = 3;

const SERVES_WITHIN_MS = 20_000;
/** All end at once, so the last waits in vain for somebody to hand its leadership to. What they acknowledged is on disk. */
const STOPS_WITHIN_MS = 500;
const POLL_MS = 50;

export class EtcdCluster {
  readonly #dir: string;
  readonly #ports: readonly EtcdPorts[];
  readonly #children: Children;
  #members: readonly Child[] = [];

  constructor(dir: string, ports: readonly EtcdPorts[], children: Children) {
    this.#dir = dir;
    this.#ports = ports;
    this.#children = children;
  }

  /** Resolves once each member answers with what a majority knows. */
  async start(): Promise<void> {
    const command = findProgram('etcd');
    if (command === undefined)
      throw new StartError('The program etcd is not on PATH. On Debian: apt-get install etcd-server');
    const starting = this.#ports.map((_, index) =>
      this.#children.start({ command, args: this.#argsOf(index), logFile: this.#logOf(index), whenWeDie: 'KILL' }),
    );
    this.#members = await Promise.all(starting);
    const deadlineMs = performance.now() + SERVES_WITHIN_MS;
    for (const [index, { client }] of this.#ports.entries()) {
      while (!(await servesLinearizableReads(client))) {
        if (performance.now() > deadlineMs) throw this.#silence(index);
        await pause(POLL_MS);
      }
    }
  }

  async stop(): Promise<void> {
    const ids = this.#members.map(({ id }) => id);
    signalAll(ids, 'SIGTERM');
    if (!(await waitForEnd(ids, STOPS_WITHIN_MS))) signalAll(ids, 'SIGKILL');
    await Promise.all(this.#members.map(({ ended }) => ended));
  }

  #silence(index: number): StartError {
    return new StartError(
      `etcd-${index + 1} does not serve after ${SERVES_WITHIN_MS / 1_000} s: see ${this.#logOf(index)}`,
    );
  }

  #logOf(index: number): string {
    return join(this.#dir, `etcd-${index + 1}.log`);
  }

  #argsOf(index: number): readonly string[] {
    const peerUrl = ({ peer }: EtcdPorts): string => `http://${LOOPBACK}:${peer}`;
    const own = this.#ports[index] ?? { client: 0, peer: 0 };
    const clientUrl = `http://${LOOPBACK}:${own.client}`;
    const flags = {
      name: `etcd-${index + 1}`,
      'data-dir': join(this.#dir, `etcd-${index + 1}`),
      logger: 'zap',
      'log-level': 'warn',
      'listen-client-urls': clientUrl,
      'advertise-client-urls': clientUrl,
      'listen-peer-urls': peerUrl(own),
      'initial-advertise-peer-urls': peerUrl(own),
      'initial-cluster': this.#ports.map((ports, place) => `etcd-${place + 1}=${peerUrl(ports)}`).join(','),
      'initial-cluster-token': 'kornak-demo',
    };
    return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  }
}

async function servesLinearizableReads(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${LOOPBACK}:${port}/v3/kv/range`, {
      method: 'POST',
      body: '{"key":"AA=="}',
      signal: AbortSignal.timeout(1_000),
    });
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}
