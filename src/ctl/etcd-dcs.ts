import { compactJson } from '../core/layout/compact-json.ts';
import { decodeCluster } from '../core/layout/decode-cluster.ts';
import { encodeFailover } from '../core/layout/failover-key.ts';
import { keysFor } from '../core/layout/keys.ts';
import type { EtcdStore } from '../store/etcd-store.ts';
import { Refusal } from './refusal.ts';
import type { Dcs } from './session.ts';

const BUDGET_MS = 5_000;

type Outcome = Awaited<ReturnType<EtcdStore['txn']>>;

export function etcdDcs(store: Pick<EtcdStore, 'range' | 'txn'>, namespace: string): Dcs {
  const write = (key: string, value: string, revision: number): Promise<Outcome> =>
    store.txn(
      { compares: [{ target: 'mod', key, revision }], success: [{ kind: 'put', key, value }] },
      { budgetMs: BUDGET_MS },
    );
  return {
    async read(cluster) {
      const keys = keysFor(namespace, cluster);
      const answer = await store.range(keys.prefix, { budgetMs: BUDGET_MS });
      if (answer.kind === 'unanswered') throw new Refusal(`etcd does not answer: ${answer.why}`);
      const view = decodeCluster(answer.keyValues, answer.revision, keys);
      return { view, config: view.config.raw };
    },
    async writeConfig(cluster, config, revision) {
      const outcome = await write(keysFor(namespace, cluster).config, compactJson(config), revision);
      const conflict = 'Config modification aborted due to concurrent changes';
      if (outcome.kind !== 'done') throw new Refusal(whyNot(outcome, 'config', conflict));
    },
    async writeFailover(cluster, request, revision) {
      const outcome = await write(keysFor(namespace, cluster).failover, encodeFailover(request), revision);
      const conflict = 'somebody else changed the failover key at the same time';
      if (outcome.kind !== 'done') throw new Refusal(whyNot(outcome, 'failover', conflict));
    },
  };
}

function whyNot(outcome: Outcome, key: string, conflict: string): string {
  if (!('why' in outcome)) return conflict;
  const what = outcome.kind === 'unknown' ? `it is unknown whether the ${key} key was written` : 'nothing was written';
  return `${what}: ${outcome.why}`;
}
