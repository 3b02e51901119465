import { compareRanked } from '../election/order.ts';
import { bytesBehind, holdsEverything, wasPutBack } from '../election/remembered.ts';
import { containsName, unionOf } from '../election/union.ts';
import type { ClusterView } from '../model/cluster.ts';
import { positionToText, type WalPosition } from '../model/lsn.ts';
import { sizeText } from '../model/size-text.ts';

/** What a member tells of its data. */
export interface RecoveryFacts {
  readonly name: string;
  readonly systemId: string | undefined;
  /** What runs there: `primary`, `standby`, `starting`, `down`; or `no data`. */
  readonly server: string;
  /** pg_control's word for how it stopped or runs. */
  readonly controlState: string | undefined;
  readonly position: WalPosition | undefined;
  /** Its WAL reaches no further than `position`; else at least as far. */
  readonly isExact: boolean;
  /** It was a primary when it last ran. */
  readonly wasPrimary: boolean;
  readonly priority: number;
  /** Why it may never lead, by its tags. */
  readonly neverLeader: string | undefined;
  /** What its agent is doing now. */
  readonly why: string | undefined;
}

export interface RecoveryPlan {
  /** Who can lead without a loss, as far as is known; undefined: nobody who answers. */
  readonly winner: string | undefined;
  readonly why: string;
  /** What would have to come back for a safe winner. */
  readonly missing: string | undefined;
  /** Who could lead at a price, and the price. */
  readonly fallback: { readonly name: string; readonly price: string } | undefined;
}

type Candidate = RecoveryFacts & { readonly position: WalPosition };

/** The safe winner among those who answered. Pure; without the store it goes by what the data directories tell. */
export function planRecovery(all: readonly RecoveryFacts[], view: ClusterView | undefined): RecoveryPlan {
  const serving = all.find((each) => each.server === 'primary');
  if (serving !== undefined)
    return settled(serving.name, `${serving.name} serves as primary: nothing is to be recovered`);
  const fit = candidatesOf(all, view).toSorted(compareRanked);
  if (fit.length === 0)
    return {
      winner: undefined,
      why: 'nobody who answered has data and may lead',
      missing: 'any member with data',
      fallback: undefined,
    };
  if (view === undefined) return withoutStore(fit);
  return unionOf(view).length > 0 ? synchronous(fit, view) : asynchronous(fit, view);
}

function settled(winner: string, why: string): RecoveryPlan {
  return { winner, why, missing: undefined, fallback: undefined };
}

/** Data of another cluster are no candidate's. */
function candidatesOf(all: readonly RecoveryFacts[], view: ClusterView | undefined): readonly Candidate[] {
  const systemId = view?.initialize.value;
  return all.flatMap((each) => {
    const isForeign = systemId !== undefined && systemId !== '' && each.systemId !== systemId;
    return each.position === undefined || each.neverLeader !== undefined || isForeign
      ? []
      : [{ ...each, position: each.position }];
  });
}

function synchronous(fit: readonly Candidate[], view: ClusterView): RecoveryPlan {
  const union = unionOf(view);
  const { leader, quorum } = view.sync.value;
  const voters = fit.filter((each) => containsName(union, each.name));
  const [best] = voters;
  const inexact = voters.filter((each) => !each.isExact).map((each) => each.name);
  const last = voters.find((each) => each.name === leader && !isPutBack(each, view));
  if (best !== undefined && voters.length > quorum && inexact.length === 0)
    return settled(
      best.name,
      `${voters.length} of the synchronous members ${union.join(', ')} answer, ${quorum + 1} are enough, and ${best.name} reaches furthest`,
    );
  if (last !== undefined)
    return settled(
      last.name,
      `/sync names ${last.name} as the leader: nobody has led since, and it has every acknowledged commit`,
    );
  const lacking = quorum + 1 - voters.length;
  const missing =
    lacking > 0
      ? `${lacking} more of ${union.filter((name) => !voters.some((each) => each.name === name)).join(', ')}`
      : `PostgreSQL running on ${inexact.join(', ')}, to know how far its WAL reaches`;
  const [first] = fit;
  return {
    winner: undefined,
    why: `of the synchronous members ${union.join(', ')} too little is known to tell who has every acknowledged commit`,
    missing,
    fallback: first && { name: first.name, price: 'commits that were acknowledged may be lost' },
  };
}

function asynchronous(fit: readonly Candidate[], view: ClusterView): RecoveryPlan {
  const last = view.reign.value?.name;
  const whole = fit.find((each) => each.isExact && holdsEverything(view, each.position));
  if (whole !== undefined)
    return settled(
      whole.name,
      `it has everything up to the clean shutdown of ${view.last.value?.name ?? 'the last leader'}`,
    );
  const leader = fit.find((each) => each.name === last && !isPutBack(each, view));
  if (leader !== undefined) return settled(leader.name, `${leader.name} led last: nobody can have more`);
  const [best] = fit;
  if (best === undefined) return { winner: undefined, why: 'nobody answered', missing: last, fallback: undefined };
  const behind = bytesBehind(view, best.position);
  const price =
    behind > 0n
      ? `at least ${sizeText(behind)} of WAL that ${last ?? 'the last leader'} told of are lost`
      : `what ${last ?? 'the last leader'} wrote after it last told its position is lost`;
  return {
    winner: undefined,
    why: `without synchronous replication only ${last ?? 'the last leader'}, who led last, surely has everything, and it does not answer`,
    missing: last ?? 'the last leader',
    fallback: { name: best.name, price },
  };
}

function isPutBack({ name, position, isExact }: Candidate, view: ClusterView): boolean {
  return isExact && wasPutBack(name, view, position);
}

function withoutStore(fit: readonly Candidate[]): RecoveryPlan {
  const newest = Math.max(...fit.map((each) => each.position.timeline));
  const primaries = fit.filter((each) => each.wasPrimary && each.position.timeline === newest);
  const [primary] = primaries;
  if (primary !== undefined && primaries.length === 1)
    return settled(
      primary.name,
      `the store does not answer; by their data directories ${primary.name} was the primary of the newest timeline, ${newest}`,
    );
  const [best] = fit;
  return {
    winner: undefined,
    why: 'the store does not answer, and of those who answered none is seen to have led last',
    missing: 'the store, or the member that led last (give its address with --url)',
    fallback: best && {
      name: best.name,
      price: `it reaches furthest of those who answered, ${positionToText(best.position)}; more may be elsewhere`,
    },
  };
}
