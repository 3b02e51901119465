// Delay without the kernel's help, which has none here: for a round, every connection between hosts is led through a proxy on the
// host that opens it. The proxies stand before the round begins, so that connections which exist already are slowed down too.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Host } from '../../test/support/namespaces.ts';
import { type ProcessGroup, spawnIn } from '../../test/support/process-group.ts';
import { nft } from './packet-filter.ts';

const run = promisify(execFile);
const PORTS = [5432, 8008, 2379, 2380] as const;
const FIRST_LISTENER = 30_000;
/** The group that the proxies run in: their own connections are left alone. */
const PROXY_GROUP = 65_534;
const TABLE = 'delays';

export interface DelayedHost {
  readonly host: Host;
  readonly group: ProcessGroup;
}

export class Delays {
  readonly #hosts: readonly DelayedHost[];
  readonly #proxies = new Map<Host, ChildProcess>();

  constructor(hosts: readonly DelayedHost[]) {
    this.#hosts = hosts;
  }

  async interpose(): Promise<void> {
    await Promise.all(this.#hosts.map((item) => this.#interposeAt(item)));
    await this.#breakConnections();
  }

  /** Of everything to and from one host. */
  set(victim: Host, delayMs: number): void {
    for (const [host, proxy] of this.#proxies) {
      const to = host === victim ? null : victim.address;
      proxy.stdin?.write(`${JSON.stringify({ to, delayMs })}\n`);
    }
  }

  async withdraw(): Promise<void> {
    const proxies = [...this.#proxies];
    this.#proxies.clear();
    for (const [host, proxy] of proxies) {
      proxy.kill('SIGKILL');
      await free(host);
    }
  }

  async #interposeAt({ host, group }: DelayedHost): Promise<void> {
    const peers = this.#hosts.map((item) => item.host).filter((item) => item !== host);
    const ways = peers
      .flatMap(({ address }) => PORTS.map((port) => ({ address, port })))
      .map((way, at) => ({ ...way, listen: FIRST_LISTENER + at }));
    const entering = ['nsenter', `--net=/run/netns/${host.namespace}`];
    const account = ['setpriv', `--regid=${PROXY_GROUP}`, '--clear-groups'];
    const program = [process.execPath, ...process.execArgv, join(import.meta.dirname, 'fault-proxy.ts')];
    const command = [...entering, ...account, ...program, JSON.stringify(ways)];
    const proxy = spawnIn(group, command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#proxies.set(host, proxy);
    // It may be killed with its host, which goes on without it when it is back.
    proxy.stdin?.on('error', () => undefined);
    proxy.once('exit', () => {
      if (this.#proxies.get(host) !== proxy) return;
      this.#proxies.delete(host);
      void free(host);
    });
    if (proxy.stdout !== null) await once(proxy.stdout, 'data');
    const redirects = ways.map(
      ({ address, port, listen }) => `ip daddr ${address} tcp dport ${port} redirect to :${listen};`,
    );
    await nft(
      host,
      `table inet ${TABLE} {
        chain out { type nat hook output priority -100; meta skgid ${PROXY_GROUP} return; ${redirects.join(' ')} }
      }`,
    );
  }

  async #breakConnections(): Promise<void> {
    for (const { host } of this.#hosts) {
      const peers = this.#hosts.filter((item) => item.host !== host).map((item) => item.host.address);
      for (const address of peers)
        await run('nsenter', [`--net=/run/netns/${host.namespace}`, 'ss', '-K', 'dst', address]).catch(() => undefined);
    }
  }
}

async function free(host: Host): Promise<void> {
  await nft(host, `delete table inet ${TABLE}`).catch(() => undefined);
}
