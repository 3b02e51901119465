import type { ClusterView } from '../core/model/cluster.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Desk } from '../ports/desk.ts';
import { type Answer, text } from './answer.ts';
import type { Wanted } from './switchover-request.ts';

export interface Begun {
  readonly wanted: Wanted;
  /** Who led when it was asked for. */
  readonly leader: string | undefined;
  /** Revision that /failover had before the request was written. */
  readonly revision: number;
  readonly budgetMs: number;
}

/** Waits for the cycle that shows another leader, or that the request was dropped, and says which. */
export function awaitLeader(desk: Desk, begun: Begun): Promise<Answer> {
  return new Promise((resolve) => {
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      stop();
      resolve(answer);
    };
    const look = (snapshot: Snapshot | undefined): void => {
      const cluster = snapshot?.observation.cluster;
      const answer = cluster?.kind === 'seen' ? outcomeIn(cluster.value, begun) : undefined;
      if (answer !== undefined) settle(answer);
    };
    const timer = setTimeout(() => {
      settle(text(503, statusUnknown(begun)));
    }, begun.budgetMs);
    const stop = desk.onSnapshot(look);
    look(desk.snapshot());
  });
}

function outcomeIn(view: ClusterView, { wanted, leader, revision }: Begun): Answer | undefined {
  const { action, candidate } = wanted;
  const now = view.leader?.name;
  if (now !== undefined && now !== leader) {
    if (candidate !== undefined && candidate !== now)
      return text(200, `${action === 'switchover' ? 'Switched' : 'Failed'} over to "${now}" instead of "${candidate}"`);
    return text(200, `Successfully ${action === 'switchover' ? 'switched' : 'failed'} over to "${now}"`);
  }
  const isDropped = view.failover.value === undefined && view.failover.revision > revision;
  return isDropped ? text(503, `${titleOf(action)} failed`) : undefined;
}

function statusUnknown({ wanted, budgetMs }: Begun): string {
  const seconds = Math.round(budgetMs / 1000);
  return `${titleOf(wanted.action)} status unknown after ${seconds} seconds; operation may still be in progress`;
}

function titleOf(action: Wanted['action']): string {
  return action === 'switchover' ? 'Switchover' : 'Failover';
}
