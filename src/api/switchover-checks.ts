// What the cluster has to say to a request for a switchover or failover before it is written: steps 9 to 14 of the contract's
// evaluation order. Positions are not compared here; the leader does that when it steps down.
import type { ClusterView, Member } from '../core/model/cluster.ts';
import { isNeverLeader } from '../core/model/tags.ts';
import type { DynamicConfig } from '../core/settings/dynamic-config.ts';
import type { Desk } from '../ports/desk.ts';
import { type Answer, text } from './answer.ts';
import type { Wanted } from './switchover-request.ts';

/** undefined: the request may be written. */
export async function clusterRefusal(wanted: Wanted, view: ClusterView, desk: Desk): Promise<Answer | undefined> {
  const isSynchronous = isPriorityMode(view.config.value);
  const refusal = namesRefusal(wanted, view, isSynchronous);
  if (refusal !== undefined) return text(412, refusal);
  const eligible = eligibleMembers(wanted, view, isSynchronous);
  if (eligible.length === 0) return text(412, `${wanted.action} is not possible: ${nobody(wanted, isSynchronous)}`);
  const answers = await Promise.all(eligible.map((member) => canLead(member, desk)));
  if (answers.includes(true)) return undefined;
  return text(412, `${wanted.action} is not possible: no good candidates have been found`);
}

function namesRefusal(wanted: Wanted, view: ClusterView, isSynchronous: boolean): string | undefined {
  const { leader, candidate, scheduledAt, action } = wanted;
  if (scheduledAt === undefined && leader !== undefined && leader !== view.leader?.name)
    return 'leader name does not match';
  if (candidate === undefined) return undefined;
  if (action === 'switchover' && isSynchronous && !isVoter(view, candidate))
    return 'candidate name does not match with sync_standby';
  return view.members.some(({ name }) => name === candidate) ? undefined : 'candidate does not exists';
}

function eligibleMembers({ candidate }: Wanted, view: ClusterView, isSynchronous: boolean): readonly Member[] {
  const others = view.members.filter(({ name, data }) => name !== view.leader?.name && data.apiUrl !== undefined);
  if (candidate !== undefined) return others.filter(({ name }) => name === candidate);
  return isSynchronous ? others.filter(({ name }) => isVoter(view, name)) : others;
}

function nobody({ candidate }: Wanted, isSynchronous: boolean): string {
  return isSynchronous && candidate === undefined
    ? 'can not find sync_standby'
    : 'cluster does not have members except leader';
}

async function canLead({ data }: Member, desk: Desk): Promise<boolean> {
  if (data.apiUrl === undefined) return false;
  const status = await desk.probe(data.apiUrl);
  return status.kind === 'seen' && !isNeverLeader(status.value.tags) && !status.value.watchdogFailed;
}

function isVoter({ sync }: ClusterView, name: string): boolean {
  return sync.value.voters.some((voter) => voter.toLowerCase() === name.toLowerCase());
}

function isPriorityMode(config: DynamicConfig | undefined): boolean {
  return config?.synchronousMode === 'on';
}
