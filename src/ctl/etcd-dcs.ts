import { decodeCluster } from '../core/layout/decode-cluster.ts';
import { encodeFailover } from '../core/layout/failover-key.ts';
import { recordFromJson } from '../core/layout/fields.ts';
import { keysFor } from '../core/layout/keys.ts';
import type { EtcdStore } from '../store/etcd-store.ts';
import { Refusal } from './refusal.ts';
import type { Dcs } from './session.ts';

const BUDGET_MS = 5_000;

type Outcome = Awaited<ReturnType<EtcdStore['txn']>>;

export function etcdDcs(store: Pick<EtcdStore, 'range' | 'txn'>, namespace: string): Dcs {
  return {
    async read(cluster) {
      const keys = keysFor(namespace, cluster);
      const answer = await store.range(keys.prefix, { budgetMs: BUDGET_MS });
      if (answer.kind === 'unanswered') throw new Refusal(`etcd does not answer: ${answer.why}`);
      const config = answer.keyValues.find(({ key }) => key === keys.config);
      return {
        view: decodeCluster(answer.keyValues, answer.revision, keys),
        config: config && recordFromJson(config.value),
      };
    },
    async writeFailover(cluster, request, revision) {
      const key = keysFor(namespace, cluster).failover;
      const outcome = await store.txn(
        {
          compares: [{ target: 'mod', key, revision }],
          success: [{ kind: 'put', key, value: encodeFailover(request) }],
        },
        { budgetMs: BUDGET_MS },
      );
      if (outcome.kind !== 'done') throw new Refusal(whyNot(outcome));
    },
  };
}

function whyNot(outcome: Outcome): string {
  if (!('why' in outcome)) return 'somebody else changed the failover key at the same time';
  const what =
    outcome.kind === 'unknown' ? 'it is unknown whether the failover key was written' : 'nothing was written';
  return `${what}: ${outcome.why}`;
}
