import { EtcdStore } from '../../src/store/etcd-store.ts';
import { startEtcd } from '../support/etcd-cluster.ts';
import { eventually, realClock, sleep } from '../support/real-clock.ts';
import { storeContract } from './store/contract.ts';
import type { StoreHarness } from './store/harness.ts';

storeContract('real etcd', etcdHarness);

async function etcdHarness(): Promise<StoreHarness> {
  const cluster = await startEtcd({ size: 1 });
  const stores: EtcdStore[] = [];
  const client = () => {
    const store = new EtcdStore({ endpoints: cluster.endpoints, clock: realClock, probeEveryMs: 500 });
    stores.push(store);
    return store;
  };
  return {
    client,
    latenessMsMax: 250,
    bootMs: () => realClock.bootMs(),
    answer: (call) => call,
    until: eventually,
    elapse: sleep,
    async compact() {
      const now = await client().range('/', { budgetMs: 5_000 });
      if (now.kind !== 'ok') throw new Error(now.why);
      const body = JSON.stringify({ revision: String(now.revision) });
      await fetch(`${cluster.endpoints[0]}/v3/kv/compaction`, { method: 'POST', body });
    },
    freeze: () => Promise.resolve(cluster.members.forEach((member) => member.freeze())),
    async shutDown() {
      for (const member of cluster.members) await member.kill();
    },
    heal: () => cluster.heal(),
    async dispose() {
      for (const store of stores) store.close();
      await cluster.stop();
    },
  };
}
