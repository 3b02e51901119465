// Three machines on one: a namespace each, and two ways in for us: by their common network, which can be cut, and by a line of
// our own to each, as a client on that machine would have.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Host, namespacesMissing, Network } from '../../test/support/namespaces.ts';

const run = promisify(execFile);
const COMMON = '10.77.0';
const INNER = '10.78';
/** Holds both. */
export const HOSTS_NETWORK = '10.76.0.0/14';

export interface BenchHost extends Host {
  readonly innerAddress: string;
}

export { namespacesMissing };

export class Hosts {
  readonly hosts: readonly BenchHost[];
  readonly network: Network;
  readonly #name: string;

  private constructor(name: string, network: Network) {
    this.#name = name;
    this.network = network;
    this.hosts = network.hosts.map((host, index) => ({ ...host, innerAddress: `${INNER}.${index}.2` }));
  }

  static async create(count: number): Promise<Hosts> {
    const name = `kb${process.pid}`;
    const addresses = Array.from({ length: count }, (_, index) => `${COMMON}.${index + 1}`);
    const hosts = new Hosts(name, await Network.create(name, addresses));
    try {
      await hosts.#join();
    } catch (error) {
      await hosts.remove();
      throw error;
    }
    return hosts;
  }

  async #join(): Promise<void> {
    const [uplink, bridge] = [`${this.#name}u`, `${this.#name}-sw`];
    await ip('link', 'add', uplink, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', bridge);
    await ip('-n', bridge, 'link', 'set', 'uplink', 'master', 'br0', 'up');
    await ip('addr', 'add', `${COMMON}.254/24`, 'dev', uplink);
    await ip('link', 'set', uplink, 'up');
    for (const [index, { namespace, innerAddress }] of this.hosts.entries()) {
      const line = `${this.#name}i${index}`;
      await ip('link', 'add', line, 'type', 'veth', 'peer', 'name', 'inner', 'netns', namespace);
      await ip('addr', 'add', `${INNER}.${index}.1/30`, 'dev', line);
      await ip('link', 'set', line, 'up');
      await ip('-n', namespace, 'addr', 'add', `${innerAddress}/30`, 'dev', 'inner');
      await ip('-n', namespace, 'link', 'set', 'inner', 'up');
    }
  }

  /** Nothing goes in or out by the common network; no side is told. */
  async cut(index: number): Promise<void> {
    await ip('-n', `${this.#name}-sw`, 'link', 'set', `p${index}`, 'down');
  }

  async heal(index: number): Promise<void> {
    await ip('-n', `${this.#name}-sw`, 'link', 'set', `p${index}`, 'up');
  }

  async remove(): Promise<void> {
    await this.network.remove();
    await ip('link', 'del', `${this.#name}u`).catch(() => undefined);
  }
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}
