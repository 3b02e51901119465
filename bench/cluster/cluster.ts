// A cluster of one product: etcd, members, and the questions that a measurement asks of them all.
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEtcd } from '../../test/support/etcd-cluster.ts';
import { freePorts } from '../../test/support/free-ports.ts';
import { until } from '../../test/support/kornak-cluster.ts';
import { eventually } from '../../test/support/real-clock.ts';
import { Hosts, HOSTS_NETWORK } from './hosts.ts';
import { memberFile, type Mode, syncSettings } from './member-file.ts';
import { Node, type Place } from './node.ts';
import { type ProductName, PRODUCTS } from './product.ts';

const run = promisify(execFile);
const LOOPBACK = '127.0.0.1';
const WHOLE_MS = 180_000;

export interface ClusterOrder {
  readonly product: ProductName;
  readonly mode: Mode;
  readonly members?: number;
  readonly etcdMembers?: number;
  /** Hosts with networks of their own, which can be cut off. */
  readonly hasHosts?: boolean;
  /** What the only etcd member says its address is, and whom the members are told to ask. */
  readonly etcdFrontUrl?: string;
  readonly dcs?: Readonly<Record<string, unknown>>;
}

interface Store {
  readonly endpoints: readonly string[];
  readonly stop: () => Promise<void>;
}

export class BenchCluster {
  static readonly #running = new Set<BenchCluster>();
  readonly scope = 'bench';
  readonly order: ClusterOrder;
  readonly nodes: readonly Node[];
  readonly etcdEndpoints: readonly string[];
  readonly #dir: string;
  readonly #store: Store;
  readonly #hosts: Hosts | undefined;

  private constructor(
    order: ClusterOrder,
    parts: { dir: string; store: Store; nodes: readonly Node[]; hosts: Hosts | undefined },
  ) {
    this.order = order;
    this.nodes = parts.nodes;
    this.etcdEndpoints = parts.store.endpoints;
    this.#dir = parts.dir;
    this.#store = parts.store;
    this.#hosts = parts.hosts;
  }

  /** Files and etcd are ready; no agent is started yet. */
  static async prepare(order: ClusterOrder): Promise<BenchCluster> {
    const dir = await mkdtemp(join(tmpdir(), 'kornak-bench-'));
    await chmod(dir, 0o755);
    const hosts = order.hasHosts === true ? await Hosts.create(order.members ?? 3) : undefined;
    const store = hosts === undefined ? await loopbackStore(order) : await storeOnHosts(hosts, dir);
    const nodes = (await places(order, dir, hosts)).map((place) => new Node(place, PRODUCTS[order.product]));
    const cluster = new BenchCluster(order, { dir, store, nodes, hosts });
    BenchCluster.#running.add(cluster);
    await cluster.#writeFiles();
    return cluster;
  }

  /** What was begun and is not stopped yet. */
  static async stopAll(): Promise<void> {
    await Promise.all([...BenchCluster.#running].map((cluster) => cluster.stop()));
  }

  async #writeFiles(): Promise<void> {
    const { mode, product, dcs, etcdFrontUrl } = this.order;
    const urls = etcdFrontUrl === undefined ? this.etcdEndpoints : [etcdFrontUrl];
    const account = await postgresAccount();
    for (const node of this.nodes) {
      const text = memberFile(node, {
        scope: this.scope,
        etcdHosts: urls.map((url) => url.replace('http://', '')),
        dcs: { ...syncSettings(mode, product), ...dcs },
        networks: [`${LOOPBACK}/32`, ...(this.#hosts === undefined ? [] : [HOSTS_NETWORK])],
      });
      await mkdir(node.dir, { mode: 0o755 });
      await writeFile(node.file, text, { mode: 0o600 });
      if (account === undefined) continue;
      await chown(node.dir, account.uid, account.gid);
      await chown(node.file, account.uid, account.gid);
    }
  }

  startAll(): void {
    for (const node of this.nodes) node.start();
  }

  others(node: Node): readonly Node[] {
    return this.nodes.filter((item) => item !== node);
  }

  async #writes(node: Node): Promise<boolean> {
    const rows = await node.sql('select not pg_is_in_recovery() as writes', 1_000).catch(() => []);
    return rows[0]?.['writes'] === true;
  }

  async primary(withinMs = WHOLE_MS): Promise<Node> {
    return await until(
      'one member accepts writes',
      async () => {
        for (const node of this.nodes) if (await this.#writes(node)) return node;
        return undefined;
      },
      withinMs,
    );
  }

  /** Whole: one primary, every other member streams from it, and with synchronous replication commits wait for one that does. */
  async whole(withinMs = WHOLE_MS): Promise<Node> {
    return await until(
      'every standby streams',
      async () => {
        const primary = await this.primary(1_000);
        const standbys = await primary.sql(
          "select sync_state from pg_stat_replication where state = 'streaming'",
          1_000,
        );
        const isSynced = this.order.mode === 'off' || standbys.some((row) => row['sync_state'] !== 'async');
        return standbys.length >= this.nodes.length - 1 && isSynced ? primary : undefined;
      },
      withinMs,
    );
  }

  /** Whole, and /sync names who may take over. */
  async ready(): Promise<Node> {
    await this.whole();
    if (this.order.mode !== 'off')
      await until(
        '/sync names a standby',
        async () => {
          const primary = await this.primary(1_000);
          return /"role": ?"(sync|quorum)_standby"/.test((await primary.api('/cluster')).text);
        },
        WHOLE_MS,
      );
    return await this.whole();
  }

  async cut(node: Node): Promise<void> {
    await this.#withHosts().cut(this.nodes.indexOf(node));
  }

  async heal(node: Node): Promise<void> {
    await this.#withHosts().heal(this.nodes.indexOf(node));
  }

  #withHosts(): Hosts {
    if (this.#hosts === undefined) throw new Error('only hosts with networks of their own can be cut off');
    return this.#hosts;
  }

  async stop(): Promise<void> {
    if (!BenchCluster.#running.delete(this)) return;
    for (const node of this.nodes) node.retire();
    await Promise.all(
      this.nodes.map((node) =>
        node
          .thaw()
          .then(() => node.killNode())
          .catch(() => undefined),
      ),
    );
    await this.#store.stop();
    await this.#hosts?.remove();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function places(order: ClusterOrder, dir: string, hosts: Hosts | undefined): Promise<readonly Place[]> {
  const names = Array.from({ length: order.members ?? 3 }, (_, index) => `n${index + 1}`);
  const ports = hosts === undefined ? await freePorts(names.length * 2) : [];
  return names.map((name, index) => {
    const host = hosts?.hosts[index];
    const own = { name, dir: join(dir, name) };
    if (host === undefined)
      return {
        ...own,
        address: LOOPBACK,
        innerAddress: LOOPBACK,
        port: ports[index * 2] ?? 0,
        apiPort: ports[index * 2 + 1] ?? 0,
      };
    const { address, innerAddress, namespace } = host;
    return { ...own, address, innerAddress, namespace, port: 5432, apiPort: 8008 };
  });
}

async function loopbackStore({ etcdMembers = 3, etcdFrontUrl }: ClusterOrder): Promise<Store> {
  const flags = etcdFrontUrl === undefined ? {} : { 'advertise-client-urls': etcdFrontUrl };
  return await startEtcd({ size: etcdMembers, flags });
}

async function storeOnHosts({ hosts, network }: Hosts, dir: string): Promise<Store> {
  const peers = hosts.map(({ address, namespace }) => `${namespace}=http://${address}:2380`).join(',');
  for (const host of hosts) {
    const client = `http://${host.address}:2379`;
    const flags = {
      name: host.namespace,
      'data-dir': join(dir, `etcd-${host.namespace}`),
      'log-level': 'fatal',
      logger: 'zap',
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': `http://${host.address}:2380`,
      'initial-advertise-peer-urls': `http://${host.address}:2380`,
      'initial-cluster': peers,
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    network.start(host, ['etcd', ...args], join(dir, 'etcd.log'));
  }
  const endpoints = hosts.map(({ address }) => `http://${address}:2379`);
  const body = '{"key":"AA=="}';
  for (const endpoint of endpoints)
    await eventually(`${endpoint} serves`, async () => {
      const signal = AbortSignal.timeout(1_000);
      const answer = await fetch(`${endpoint}/v3/kv/range`, { method: 'POST', body, signal }).catch(() => undefined);
      return answer?.ok === true;
    });
  // With the hosts, everything that runs on them is removed.
  return { endpoints, stop: () => Promise.resolve() };
}

async function postgresAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const ask = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await ask('-u'), gid: await ask('-g') };
}
