// Three hosts on one switch, each with everything that a host of a cluster has.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORDS, until } from '../../test/support/kornak-cluster.ts';
import { LoopDisk } from '../../test/support/loop-disk.ts';
import { type Host, Network } from '../../test/support/namespaces.ts';
import { groupsRoot, ProcessGroup } from '../../test/support/process-group.ts';
import { textOf } from './json.ts';
import { API_PORT, NetHost, STORE_PORT } from './net-host.ts';
import { changesOf, type KeyChange } from './store-history.ts';
import { runDir, runName, sweep } from './sweep.ts';
import { type HostView, membersOf, wholeUnder } from './wholeness.ts';

const NAMES = ['a', 'b', 'c'] as const;
const ADDRESSES = ['10.77.0.1', '10.77.0.2', '10.77.0.3'] as const;
const SCOPE = 'chaos';
const PEER_PORT = 2380;
const DISK_MIB = 900;
/** Bytes behind the published position, with which one may still lead. */
export const MAXIMUM_LAG = 1_048_576;
const STANDS_MS = 120_000;

export class NetCluster {
  readonly scope = SCOPE;
  readonly dir: string;
  readonly network: Network;
  readonly hosts: readonly NetHost[];
  /** Programs that only use up the machine's time. */
  readonly load: ProcessGroup;
  readonly #name: string;
  readonly #janitor: ChildProcess;

  private constructor(name: string, network: Network, hosts: readonly NetHost[], janitor: ChildProcess) {
    const root = groupsRoot();
    this.#name = name;
    this.#janitor = janitor;
    this.dir = runDir(name);
    this.network = network;
    this.hosts = hosts;
    this.load = new ProcessGroup(root, `${name}-load`, `${name}-load`);
  }

  /** Everything is ready, nothing runs yet. */
  static async prepare(dcs: Readonly<Record<string, unknown>>): Promise<NetCluster> {
    const name = runName(process.pid);
    mkdirSync(runDir(name), { mode: 0o755 });
    const janitor = watchOver(name);
    const network = await Network.create(name, ADDRESSES);
    const hosts = network.hosts.map((host, at) => newHost({ name, network, host, at, dcs }));
    return new NetCluster(name, network, hosts, janitor);
  }

  others(host: NetHost): readonly NetHost[] {
    return this.hosts.filter((item) => item !== host);
  }

  async start(): Promise<NetHost> {
    for (const host of this.hosts) host.powerOn();
    try {
      return await until('three hosts are one cluster', () => this.whole(), STANDS_MS);
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.lastWords()}`, { cause: error });
    }
  }

  /** The primary, if there is exactly one, everybody streams from it, and everybody says so. */
  async whole(): Promise<NetHost | undefined> {
    const views = await Promise.all(
      this.hosts.map(async (host): Promise<HostView> => {
        const [row] = await host.sql('select pg_is_in_recovery() as standby');
        return { name: host.name, standby: row?.['standby'] === true, cluster: await host.ask(API_PORT, '/cluster') };
      }),
    );
    const writable = this.hosts[views.findIndex(({ standby }) => standby === false)];
    const rows = await writable?.sql(
      "select count(distinct application_name)::int as n from pg_stat_replication where state = 'streaming'",
    );
    const name = wholeUnder(views, Number(rows?.[0]?.['n'] ?? 0));
    return this.hosts.find((host) => host.name === name);
  }

  /** Waits until somebody else must have what is acknowledged from now on. */
  async synchronous(withinMs: number): Promise<void> {
    await until(
      '/sync names a standby',
      async () => (await this.#toldRoles()).some((role) => /^(sync|quorum)_standby$/.test(role)),
      withinMs,
    );
  }

  async #toldRoles(): Promise<readonly string[]> {
    const answer = await (await this.primary())?.ask(API_PORT, '/cluster');
    return membersOf(answer).map((member) => textOf(member, 'role'));
  }

  /** Whoever accepts writes now, as far as it can be asked. */
  async primary(): Promise<NetHost | undefined> {
    const roles = await Promise.all(
      this.hosts.map((host) =>
        Promise.race([host.sql('select pg_is_in_recovery() as standby').catch(() => []), quietAfter(1_500)]),
      ),
    );
    return this.hosts.find((_, at) => roles[at]?.[0]?.['standby'] === false);
  }

  /** Values of a key in the store, as any of the hosts is told. */
  async storeValue(key: string): Promise<string | undefined> {
    const body = { key: Buffer.from(`/service/${SCOPE}/${key}`).toString('base64') };
    for (const host of this.hosts) {
      const answer = await host.ask(STORE_PORT, '/v3/kv/range', body);
      if (typeof answer !== 'object' || answer === null) continue;
      const list = 'kvs' in answer && Array.isArray(answer.kvs) ? (answer.kvs as readonly unknown[]) : [];
      return list[0] === undefined ? undefined : Buffer.from(textOf(list[0], 'value'), 'base64').toString();
    }
    return undefined;
  }

  /** The revision of the store now. */
  async storeRevision(): Promise<number> {
    const body = { key: Buffer.from(`/service/${SCOPE}/leader`).toString('base64') };
    for (const host of this.hosts) {
      const answer = await host.ask(STORE_PORT, '/v3/kv/range', body);
      const header = typeof answer === 'object' && answer !== null && 'header' in answer ? answer.header : undefined;
      const revision = Number(textOf(header, 'revision'));
      if (revision > 0) return revision;
    }
    throw new Error('the store does not tell its revision');
  }

  /** What a key of the store was since then, oldest first. */
  async storeChanges(key: string, revision: number): Promise<readonly KeyChange[]> {
    const create = { key: Buffer.from(`/service/${SCOPE}/${key}`).toString('base64'), start_revision: revision };
    for (const host of this.hosts) {
      const told = await host.listen(STORE_PORT, '/v3/watch', { create_request: create });
      if (told !== '') return changesOf(told);
    }
    throw new Error('the store does not tell what it was');
  }

  /** The host whose member of etcd leads the others; undefined: nobody does. */
  async storeLeader(): Promise<NetHost | undefined> {
    for (const host of this.hosts) {
      const answer = await host.ask(STORE_PORT, '/v3/maintenance/status', {});
      const id = typeof answer === 'object' && answer !== null && 'header' in answer ? answer.header : undefined;
      if (id !== undefined && textOf(id, 'member_id') === textOf(answer, 'leader')) return host;
    }
    return undefined;
  }

  async lastWords(): Promise<string> {
    const words = this.hosts.map(
      async (host) => `--- ${host.name}\n${(await host.log()).trim().split('\n').slice(-12).join('\n')}`,
    );
    return (await Promise.all(words)).join('\n');
  }

  async stop(): Promise<void> {
    for (const host of this.hosts) host.retire();
    await sweep(this.#name);
    this.#janitor.kill('SIGKILL');
  }
}

/** It holds the other end of a pipe that ends with us. */
function watchOver(name: string): ChildProcess {
  const program = join(import.meta.dirname, 'janitor.ts');
  const janitor = spawn(process.execPath, [...process.execArgv, program, name], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  janitor.unref();
  return janitor;
}

interface HostOrder {
  readonly name: string;
  readonly network: Network;
  readonly host: Host;
  readonly at: number;
  readonly dcs: Readonly<Record<string, unknown>>;
}

function newHost({ name, network, host, at, dcs }: HostOrder): NetHost {
  const member = NAMES[at] ?? '';
  const dir = join(runDir(name), member);
  mkdirSync(dir, { mode: 0o755 });
  const made = new NetHost({
    name: member,
    network,
    host,
    dir,
    disk: new LoopDisk(join(runDir(name), `${member}.img`), join(dir, 'disk'), 'postgres', {
      sizeMiB: DISK_MIB,
      isKept: true,
    }),
    group: new ProcessGroup(groupsRoot(), host.namespace, host.namespace),
    etcd: etcdFlags(dir, member, host.address),
  });
  writeFileSync(made.file, JSON.stringify(memberFile(made, dcs), null, 2), { mode: 0o600 });
  execFileSync('chown', ['postgres:postgres', dir, made.file]);
  return made;
}

function etcdFlags(dir: string, member: string, address: string): readonly string[] {
  const flags = {
    name: member,
    'data-dir': join(dir, 'etcd'),
    // Elections are told at this level: a change of its leader prolongs every lease.
    'log-level': 'info',
    logger: 'zap',
    'listen-client-urls': `http://${address}:${STORE_PORT}`,
    'advertise-client-urls': `http://${address}:${STORE_PORT}`,
    'listen-peer-urls': `http://${address}:${PEER_PORT}`,
    'initial-advertise-peer-urls': `http://${address}:${PEER_PORT}`,
    'initial-cluster': NAMES.map((name, at) => `${name}=http://${ADDRESSES[at]}:${PEER_PORT}`).join(','),
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}

/** JSON is YAML. */
function memberFile({ name, host, dir, dataDir }: NetHost, dcs: Readonly<Record<string, unknown>>): unknown {
  return {
    scope: SCOPE,
    name,
    restapi: { listen: `${host.address}:${API_PORT}`, connect_address: `${host.address}:${API_PORT}` },
    etcd3: { hosts: ADDRESSES.map((address) => `${address}:${STORE_PORT}`) },
    bootstrap: {
      dcs: {
        ttl: 30,
        loop_wait: 10,
        retry_timeout: 10,
        maximum_lag_on_failover: MAXIMUM_LAG,
        postgresql: {
          use_pg_rewind: true,
          // Room for what faults keep back is left on the small disks.
          parameters: { wal_log_hints: 'on', max_wal_size: '96MB', min_wal_size: '32MB' },
        },
        ...dcs,
      },
      initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
    },
    postgresql: {
      listen: `127.0.0.1,${host.address}:5432`,
      connect_address: `${host.address}:5432`,
      data_dir: dataDir,
      use_pg_rewind: true,
      authentication: {
        superuser: { username: 'postgres', password: PASSWORDS.superuser },
        replication: { username: 'replicator', password: PASSWORDS.replication },
        rewind: { username: 'rewinder', password: PASSWORDS.rewind },
      },
      pg_hba: [
        'local all all scram-sha-256',
        ...['127.0.0.1/32', '10.77.0.0/24'].flatMap((network) => [
          `host all all ${network} scram-sha-256`,
          `host replication replicator ${network} scram-sha-256`,
        ]),
      ],
      // What is killed leaves nothing in /dev/shm.
      parameters: { unix_socket_directories: dir, shared_buffers: '16MB', dynamic_shared_memory_type: 'mmap' },
    },
  };
}

function quietAfter(ms: number): Promise<readonly Record<string, unknown>[]> {
  return new Promise((resolve) => setTimeout(() => resolve([]), ms).unref());
}
