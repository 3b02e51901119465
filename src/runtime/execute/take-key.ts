// Takes the leader key in one transaction that compares everything the decision rests on. An outcome that the store did not
// tell is read until it is known, or until the lease under it can no longer be alive.
import type { ReignRecord } from '../../core/model/cluster.ts';
import type { TakeOver } from '../../core/model/plan.ts';
import { known } from '../../core/model/seen.ts';
import { encodeFailover } from '../../core/layout/failover-key.ts';
import { encodeReign } from '../../core/layout/own-keys.ts';
import { encodeSync } from '../../core/layout/sync-key.ts';
import type { Compare, KeyValue, LeaseAnswer, LeaseId } from '../../ports/store.ts';
import { BUDGETS } from '../budgets.ts';
import { pause } from '../pause.ts';
import type { Write } from '../transactor.ts';
import { DONE, type Hands, notDone, type Perform, type StepOutcome } from './hands.ts';
import { fromTxn, leaderIsOurs } from './store-outcome.ts';

const ASK_AGAIN_MS = 200;

type Granted = Extract<LeaseAnswer, { kind: 'alive' }>;

export const takeKey: Perform<'takeKey'> = async ({ takeOver }, hands) => {
  const lease = await hands.store.grantLease(takeOver.leaderTtlMs, { budgetMs: budgetOf(takeOver) });
  if (lease.kind !== 'alive') return notDone('the store granted no lease for the leader key');
  const deadMs = hands.clock.bootMs() + lease.ttlMs;
  if (hands.promises.isBound()) {
    await revoke(lease.leaseId, 0, hands);
    return notDone('a promise not to lead runs');
  }
  const outcome = await hands.transactor.commit(
    comparesOf(takeOver, hands),
    writesOf(takeOver, lease.leaseId, hands),
    budgetOf(takeOver),
  );
  if (outcome.kind === 'done') return reignBegins(takeOver, outcome.revision, lease, hands);
  if (outcome.kind === 'unknown') {
    const reign = await findOut(lease.leaseId, deadMs, hands);
    if (reign !== undefined) return reignBegins(takeOver, reign, lease, hands);
  }
  // With its lease gone, a transaction that is still under way cannot be done any more; one that was refused never will be.
  await revoke(lease.leaseId, outcome.kind === 'unknown' ? deadMs : 0, hands);
  return fromTxn(outcome);
};

/** A loop that waits for longer than this while promises carry the lead lets them run out. */
function budgetOf({ goesOn, leaderTtlMs }: TakeOver): number {
  return goesOn === true ? leaderTtlMs / 6 : BUDGETS.write;
}

function comparesOf(takeOver: TakeOver, { keys }: Hands): readonly Compare[] {
  const unchanged = (key: string, revision: number): Compare => ({ target: 'mod', key, revision });
  return [
    keyCompare(takeOver, keys.leader),
    unchanged(keys.reign, takeOver.reignRevision),
    unchanged(keys.sync, takeOver.syncRevision),
    unchanged(keys.config, takeOver.configRevision),
    unchanged(keys.failover, takeOver.failoverRevision),
    unchanged(keys.initialize, takeOver.initializeRevision),
    unchanged(keys.last, takeOver.lastRevision),
    ...markOf(takeOver).map(({ name, revision }) => unchanged(keys.unguarded(name), revision)),
    ...takeOver.pledges.map((pledge) => unchanged(keys.pledge(pledge.name), pledge.revision)),
  ];
}

/** While one of the leaders' keys stands it must be of the very reign that the pledges are against. */
function keyCompare({ revokes }: TakeOver, key: string): Compare {
  return revokes === undefined ? { target: 'create', key, revision: 0 } : { target: 'mod', key, revision: revokes };
}

/** A mark that came while we looked elsewhere says that the last leader may still write. */
function markOf({ lastLeaderMark }: TakeOver): readonly { readonly name: string; readonly revision: number }[] {
  return lastLeaderMark === undefined ? [] : [lastLeaderMark];
}

function writesOf(takeOver: TakeOver, leaseId: LeaseId, hands: Hands): readonly Write[] {
  const { keys, self } = hands;
  const writes: Write[] = [
    { kind: 'put', key: keys.leader, value: self.name, leaseId },
    { kind: 'put', key: keys.reign, value: encodeReign(reignRecord(takeOver, self.name)) },
  ];
  if (takeOver.sync !== undefined) writes.push({ kind: 'put', key: keys.sync, value: encodeSync(takeOver.sync) });
  if (takeOver.goesOn !== true && fulfils(hands))
    writes.push({ kind: 'put', key: keys.failover, value: encodeFailover(undefined) });
  writes.push({ kind: 'delete', key: keys.pledge(self.name) });
  return writes;
}

function reignRecord({ timeline, from, priority }: TakeOver, name: string): ReignRecord {
  return { name, timeline, ...(from && { from }), priority };
}

/** Our leading is what the request asked for. The transaction compares that it is still the same one. */
function fulfils({ mirror, self }: Hands): boolean {
  const request = known(mirror.view())?.failover.value;
  return request !== undefined && (request.candidate === undefined || request.candidate === self.name);
}

async function reignBegins(takeOver: TakeOver, reign: number, lease: Granted, hands: Hands): Promise<StepOutcome> {
  // What was sent in the reign before compares that reign, and cannot land any more.
  for (const write of ['sync', 'failsafe', 'pledge', 'release'] as const) hands.unsettled.settle(write);
  const refusal = await hands.keeper.begin({
    reign,
    leaseId: lease.leaseId,
    ttlMs: lease.ttlMs,
    sentAtMs: lease.sentAtMs,
    unguarded: takeOver.unguarded,
  });
  if (refusal === undefined) return DONE;
  // PostgreSQL runs: the key stays until it is fenced, and the guard stays armed.
  if (takeOver.goesOn === true) return notDone(`the reign cannot go on: ${refusal}`);
  await hands.transactor.commit(leaderIsOurs(hands, reign), [{ kind: 'delete', key: hands.keys.leader }]);
  await revoke(lease.leaseId, 0, hands);
  // It may have taken the order without saying so, and would kill a standby at the deadline.
  await hands.guard.disarm(BUDGETS.guard);
  return notDone(`the key is given back: ${refusal}`);
}

function isOurs(key: KeyValue | undefined, leaseId: LeaseId, { self }: Hands): boolean {
  return key?.value === self.name && key.leaseId === leaseId;
}

/** The reign, if the key turns out to be ours; undefined if it is not, or was not to be read in the life of the lease. */
async function findOut(leaseId: LeaseId, deadMs: number, hands: Hands): Promise<number | undefined> {
  while (hands.clock.bootMs() < deadMs) {
    const reads = await hands.transactor.read([hands.keys.leader], BUDGETS.write);
    const key = reads?.[0];
    if (reads !== undefined) return isOurs(key, leaseId, hands) ? key?.modRevision : undefined;
    await pause(hands.clock, ASK_AGAIN_MS);
  }
  return undefined;
}

/** Once, then again until `deadMs`, when the lease is dead anyway. */
async function revoke(leaseId: LeaseId, deadMs: number, { clock, store }: Hands): Promise<void> {
  for (;;) {
    const answer = await store.revokeLease(leaseId, { budgetMs: BUDGETS.lease });
    if (answer.kind === 'done' || clock.bootMs() >= deadMs) return;
    await pause(clock, ASK_AGAIN_MS);
  }
}
