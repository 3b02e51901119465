import { compareRanked } from '../election/order.ts';
import { containsName } from '../election/union.ts';
import type { FailoverRequest } from '../model/cluster.ts';
import type { Sender } from '../model/local-postgres.ts';
import { LSN_ZERO } from '../model/lsn.ts';
import { known } from '../model/seen.ts';
import { failoverPriority, neverLeaderBecause } from '../model/tags.ts';
import { type Context, memberOf, tagsOf } from './context.ts';

export type Successor =
  | { readonly kind: 'found'; readonly name: string }
  /** They could take over, and have not said yet that they are there. */
  | { readonly kind: 'ask'; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly why: string };

/** To whom the leadership can go without a loss: the named candidate, or the first of those who can. */
export function chooseSuccessor(ctx: Context, request: FailoverRequest): Successor {
  const named = request.candidate;
  const bar = named === undefined ? undefined : barOf(ctx, request, named);
  if (bar !== undefined) return { kind: 'refused', why: `${named} ${bar}` };
  const names = named === undefined ? candidatesOf(ctx, request) : [named];
  if (names.length === 0) return { kind: 'refused', why: 'no member streams that may lead' };
  const quorum = ctx.view?.sync.value.quorum ?? 0;
  // One who is asked for by name is waited for; of several, whoever wins needs the votes of the others.
  if (named === undefined && names.length - 1 < quorum)
    return {
      kind: 'refused',
      why: `only ${names.join(', ')} could take over, and ${quorum + 1} are needed to elect one`,
    };
  const answering = names.find((name) => isThere(ctx, name));
  return answering === undefined ? { kind: 'ask', names } : { kind: 'found', name: answering };
}

/** Best first. */
function candidatesOf(ctx: Context, request: FailoverRequest): readonly string[] {
  const fit = sendersOf(ctx).filter(({ name }) => barOf(ctx, request, name) === undefined);
  const ranked = fit.map(({ name, flushLsn }) => ({
    name,
    position: { timeline: (ctx.primary ?? ctx.standby)?.timeline ?? 0, lsn: flushLsn ?? LSN_ZERO },
    priority: failoverPriority(tagsOf(ctx, name)),
  }));
  return ranked.toSorted(compareRanked).map(({ name }) => name);
}

/** Why a member cannot take over; undefined: it can, as far as is seen from here. */
function barOf(ctx: Context, request: FailoverRequest, name: string): string | undefined {
  return ownBar(ctx, name) ?? syncBar(ctx, request, name) ?? streamBar(ctx, name);
}

function ownBar(ctx: Context, name: string): string | undefined {
  const member = memberOf(ctx, name);
  if (member === undefined) return 'is not a member';
  const unfit = member.data.kornak?.unfit;
  if (unfit !== undefined) return `says that it is not fit to lead: ${unfit}`;
  const never = neverLeaderBecause(tagsOf(ctx, name));
  if (never !== undefined) return `may not lead: ${never}`;
  return watchdogFailed(ctx, name) ? 'may not lead: its watchdog does not work' : undefined;
}

/** A failover may go to any member: it has everything before the key is released, or the leadership stays. */
function syncBar(ctx: Context, request: FailoverRequest, name: string): string | undefined {
  const { leader, voters } = ctx.view?.sync.value ?? { leader: undefined, voters: [] };
  const isOrdered = request.leader === undefined && request.candidate === name;
  return leader === undefined || isOrdered || containsName(voters, name)
    ? undefined
    : 'is not among the synchronous standbys';
}

function sendersOf({ primary, standby }: Context): readonly Sender[] {
  return (primary ?? standby)?.senders ?? [];
}

function streamBar(ctx: Context, name: string): string | undefined {
  const sender = sendersOf(ctx).find((each) => each.name === name);
  const reached = ctx.primary?.flushLsn ?? ctx.standby?.receivedLsn;
  if (sender?.state !== 'streaming' || sender.flushLsn === undefined || reached === undefined)
    return 'does not stream from here';
  const lag = reached - sender.flushLsn;
  return lag <= BigInt(ctx.config.maximumLagOnFailoverBytes)
    ? undefined
    : `is ${lag} bytes behind: more than maximum_lag_on_failover`;
}

function watchdogFailed(ctx: Context, name: string): boolean {
  const answer = ctx.obs.peers.get(name);
  return answer !== undefined && known(answer)?.watchdogFailed === true;
}

function isThere(ctx: Context, name: string): boolean {
  const answer = ctx.obs.peers.get(name);
  const status = answer === undefined ? undefined : known(answer);
  return status !== undefined && status.state === 'running' && status.role !== 'primary';
}
