// What many clusters cost one etcd: real agents of three members each, over the real adapter, on a PostgreSQL that is pretended.
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../../src/agent/system-clock.ts';
import { decide } from '../../src/core/decide/decide.ts';
import { keysFor } from '../../src/core/layout/keys.ts';
import type { Guard, GuardState } from '../../src/ports/guard.ts';
import type { Log } from '../../src/ports/log.ts';
import { createRuntime, type Runtime } from '../../src/runtime/runtime.ts';
import { EtcdStore } from '../../src/store/etcd-store.ts';
import { startEtcd } from '../../test/support/etcd-cluster.ts';
import { NO_WATCHDOG } from '../../test/support/idle-ports.ts';
import { until } from '../../test/support/kornak-cluster.ts';
import { FakePeers, FakePromiseFile } from '../../test/support/runtime-ports.ts';
import { PRODUCTS } from '../cluster/product.ts';
import type { Journal } from '../journal.ts';
import { PRETEND_SYSTEM_ID, PretendServers } from './pretend-postgres.ts';
import { cpuMs, memoryOf, pidsWith } from './process-cost.ts';

export interface ClustersOrder {
  readonly seconds: number;
  /** Numbers of clusters. */
  readonly sizes: readonly number[];
  readonly journal: Journal;
  readonly say: (line: string) => void;
}

const MEMBERS = ['a', 'b', 'c'] as const;
const SETTLE_MS = 15_000;
/** A second between the first and the last: they were not all started by one stroke. */
const SPREAD_MS = 1_000;
const CONFIG = { ttl: 30, loop_wait: 10, retry_timeout: 10, failsafe_mode: true };

export async function measureClusters({ seconds, sizes, journal, say }: ClustersOrder): Promise<void> {
  for (const clusters of sizes) {
    const found = await costOf(clusters, seconds * 1_000);
    journal.add('clusters', PRODUCTS.kornak, { clusters, agents: clusters * MEMBERS.length, seconds, ...found });
    say(
      `${clusters} clusters (${clusters * MEMBERS.length} agents): etcd ${found.etcdCpuPercent.toFixed(2)} % CPU, ` +
        `${found.etcdRssMiB.toFixed(0)} MiB RSS, ${found.requestsPerMinute.toFixed(0)} requests a minute; ` +
        `agents ${found.agentsCpuPercent.toFixed(2)} % CPU together; ${found.leadersLost} leaders lost`,
    );
  }
}

interface Counter {
  leadersLost: number;
}

async function costOf(clusters: number, forMs: number) {
  const etcd = await startEtcd({ size: 1 });
  const [endpoint = ''] = etcd.endpoints;
  const counter: Counter = { leadersLost: 0 };
  const all: RunningCluster[] = [];
  try {
    for (let index = 0; index < clusters; index += 1) {
      all.push(await startCluster(endpoint, `bench-${index}`, counter));
      await sleep(SPREAD_MS / clusters);
    }
    await until(
      'every cluster has a leader and two standbys that stream',
      () => all.every(({ servers }) => servers.leads() && servers.streaming() === MEMBERS.length - 1),
      120_000,
    );
    await sleep(SETTLE_MS);
    const pid = (await pidsWith('etcd', endpoint)).at(-1);
    const [etcdBefore, requestsBefore] = [await cpuMs(pid), await requestsOf(endpoint)];
    const ownBefore = process.cpuUsage();
    counter.leadersLost = 0;
    const fromMs = performance.now();
    await sleep(forMs);
    const tookMs = performance.now() - fromMs;
    const own = process.cpuUsage(ownBefore);
    return {
      etcdCpuPercent: (((await cpuMs(pid)) - etcdBefore) / tookMs) * 100,
      etcdRssMiB: (await memoryOf(pid)).rssMiB,
      requestsPerMinute: (((await requestsOf(endpoint)) - requestsBefore) * 60_000) / tookMs,
      agentsCpuPercent: ((own.user + own.system) / 1_000 / tookMs) * 100,
      leadersLost: counter.leadersLost,
    };
  } finally {
    for (const { close } of all) close();
    await etcd.stop();
  }
}

/** Every call that etcd began, by its own count. */
async function requestsOf(endpoint: string): Promise<number> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('grpc_server_started_total{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

interface RunningCluster {
  readonly servers: PretendServers;
  readonly close: () => void;
}

async function startCluster(endpoint: string, scope: string, counter: Counter): Promise<RunningCluster> {
  const keys = keysFor('service', scope);
  await put(endpoint, keys.initialize, PRETEND_SYSTEM_ID);
  await put(endpoint, keys.config, JSON.stringify(CONFIG));
  const servers = new PretendServers();
  const agents = MEMBERS.map((name, index) =>
    startAgent({ endpoint, scope, name, port: 5_432 + index, servers, counter }),
  );
  return {
    servers,
    close() {
      for (const close of agents) close();
    },
  };
}

interface AgentOrder {
  readonly endpoint: string;
  readonly scope: string;
  readonly name: string;
  readonly port: number;
  readonly servers: PretendServers;
  readonly counter: Counter;
}

function startAgent({ endpoint, scope, name, port, servers, counter }: AgentOrder): () => void {
  const clock = new SystemClock();
  const store = new EtcdStore({ endpoints: [endpoint], clock });
  const log: Log = {
    log(_level, text) {
      if (text.includes('has lost the leader lease')) counter.leadersLost += 1;
    },
  };
  const runtime: Runtime = createRuntime(
    {
      store,
      clock,
      log,
      postgres: servers.add(name, port),
      guard: new ObedientGuard(),
      promiseFile: new FakePromiseFile(),
      peers: new FakePeers(),
      random: { next: () => Math.random() },
      callbacks: { call: () => undefined },
      watchdog: NO_WATCHDOG,
    },
    {
      self: {
        name,
        scope,
        connUrl: `postgres://127.0.0.1:${port}/postgres`,
        apiUrl: `http://127.0.0.1:${port + 2_576}/patroni`,
        version: '4.1.4',
        tags: {},
        mayBootstrap: false,
        localRevision: 0,
        overrides: { usePgRewind: true },
        initialConfig: {},
      },
      keys: keysFor('service', scope),
      decide,
      onExit: () => undefined,
    },
  );
  runtime.start();
  return () => {
    void runtime.requestShutdown().catch(() => undefined);
    store.close();
  };
}

/** There is nothing to kill. */
class ObedientGuard implements Guard {
  #state: GuardState = { kind: 'disarmed' };

  arm(order: Parameters<Guard['arm']>[0]): ReturnType<Guard['arm']> {
    this.#state = { kind: 'armed', order };
    return this.state();
  }

  disarm(): ReturnType<Guard['disarm']> {
    this.#state = { kind: 'disarmed' };
    return this.state();
  }

  state(): ReturnType<Guard['state']> {
    return Promise.resolve({ kind: 'ok', state: this.#state });
  }
}

async function put(endpoint: string, key: string, value: string): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const body = JSON.stringify({ key: base64(key), value: base64(value) });
  const answer = await fetch(`${endpoint}/v3/kv/put`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`etcd: ${answer.status}`);
}
