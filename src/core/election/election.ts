import type { ClusterView, Pledge } from '../model/cluster.ts';
import { comparePositions, positionToText, type WalPosition } from '../model/lsn.ts';
import type { Contender } from './contenders.ts';
import { compareRanked, precedence, type Ranked } from './order.ts';
import { hasPatroniTold } from './remembered.ts';
import { containsName, standingPledges, unionOf } from './union.ts';

export { standingPledges, unionOf } from './union.ts';

export interface Candidate {
  readonly name: string;
  readonly position: WalPosition;
  readonly priority: number;
  /** Everybody, this member included. */
  readonly field: readonly Contender[];
  /** Members that are up and whose pledge is worth waiting for. */
  readonly expected: readonly string[];
  /** Patroni members that have not answered since the key went, and may. */
  readonly unasked: readonly string[];
  /** Whom an operator named to lead. */
  readonly named: string | undefined;
  /** From whom an operator wanted the leadership to go: not waited for as a better one, unless it has more. */
  readonly leaving: string | undefined;
}

export type ElectionResult =
  /** Take the key; everything that it rests on is in `counted`. */
  | { readonly kind: 'take'; readonly counted: readonly Pledge[]; readonly why: string }
  /** Not yet: somebody's pledge or answer, or a better candidate, is waited for. */
  | { readonly kind: 'wait'; readonly for: 'pledges'; readonly why: string }
  | { readonly kind: 'wait'; readonly for: 'better'; readonly name: string; readonly why: string }
  | { readonly kind: 'no'; readonly why: string };

export interface Patience {
  /** Pledges and answers of members that are up are waited for no longer. */
  readonly pledgesOver: boolean;
  /** A better candidate has had its time. */
  readonly betterOver: (name: string) => boolean;
}

interface Race {
  readonly view: ClusterView;
  readonly me: Candidate;
  readonly mine: Pledge;
  /** Pledges of others that count: of members of /sync, where it is active. */
  readonly pledges: readonly Pledge[];
  /** Patroni members, which cannot pledge: what they answered counts in the place of a pledge. */
  readonly polled: readonly (Contender & { readonly position: WalPosition })[];
}

/** Whether this member takes the vacant key (safety.md 4, steps 4 and 6). It may lead, by its tags and by /sync. */
export function elect(view: ClusterView, me: Candidate, patience: Patience): ElectionResult {
  const mine = standingPledges(view).find((pledge) => pledge.name === me.name);
  if (mine === undefined) return { kind: 'wait', for: 'pledges', why: 'own pledge not standing yet' };
  const race = raceOf(view, me, mine);
  const primary = me.field.find((each) => each.isPrimary && each.name !== me.name);
  if (primary !== undefined) return { kind: 'no', why: `${primary.name} still runs as primary` };

  const result = count(race);
  const isAskedFor = me.named === me.name;
  if (isAskedFor && result.kind === 'take') return result;
  const missing = patience.pledgesOver ? [] : missingOf(race);
  if (missing.length > 0)
    return { kind: 'wait', for: 'pledges', why: `waiting for the pledge of ${missing.join(', ')}` };
  const better = isAskedFor ? undefined : betterThanMe(race);
  if (better === undefined || patience.betterOver(better.name)) return result;
  return { kind: 'wait', for: 'better', name: better.name, why: precedence(better, me) };
}

function raceOf(view: ClusterView, me: Candidate, mine: Pledge): Race {
  const union = unionOf(view);
  const counts = (name: string): boolean => name !== me.name && (union.length === 0 || containsName(union, name));
  const polled = me.field.flatMap((each) =>
    each.position !== undefined && each.source === 'probe' && !each.canPledge && counts(each.name)
      ? [{ ...each, position: each.position }]
      : [],
  );
  return { view, me, mine, pledges: standingPledges(view).filter((pledge) => counts(pledge.name)), polled };
}

function missingOf({ view, me, pledges }: Race): readonly string[] {
  const union = unionOf(view);
  const missing = [
    ...me.expected.filter((name) => name !== me.name && !pledges.some((pledge) => pledge.name === name)),
    ...me.unasked,
  ];
  return union.length === 0 ? missing : missing.filter((name) => containsName(union, name));
}

/** The first of those who may lead and stand before this member. */
function betterThanMe({ me, pledges, polled }: Race): Ranked | undefined {
  const own = { name: me.name, position: me.position, priority: me.priority };
  const known = me.field.flatMap((each) => {
    const pledge = pledges.find((one) => one.name === each.name);
    const position = pledge?.position ?? polled.find((one) => one.name === each.name)?.position;
    return position === undefined || each.bars.length > 0 ? [] : [{ ...each, position }];
  });
  const isLeft = (each: Ranked): boolean =>
    each.name === me.leaving && comparePositions(each.position, me.position) <= 0;
  const before = known.filter((each) => !isLeft(each) && compareRanked(each, own) < 0);
  return before.toSorted(compareRanked)[0];
}

/** A Patroni member promotes before it writes /sync. Of a voter whose key has run out nobody can tell whether it is one. */
function mayPatroniHaveLed(view: ClusterView, { field }: Candidate): boolean {
  const voters = field.filter((each) => each.isVoter);
  const isAllThere = unionOf(view).every((name) => voters.some((each) => containsName([each.name], name)));
  return voters.some((each) => !each.canPledge) || (!isAllThere && hasPatroniTold(view));
}

function count({ view, me, mine, pledges, polled }: Race): ElectionResult {
  const { sync } = view;
  const isNotAhead = ({ position }: { readonly position: WalPosition }): boolean =>
    comparePositions(position, me.position) <= 0;
  const counted = [...pledges.filter(isNotAhead), mine];
  if (unionOf(view).length === 0) {
    const ahead = [...pledges, ...polled].filter((each) => !isNotAhead(each)).map((each) => each.name);
    const left = ahead.length === 0 ? '' : `; ${ahead.join(', ')} is ahead but does not lead`;
    return {
      kind: 'take',
      counted,
      why: `most advanced of ${counted.length} at ${positionToText(me.position)}${left}`,
    };
  }
  if (sync.value.leader === me.name && !mayPatroniHaveLed(view, me))
    return { kind: 'take', counted, why: 'named by /sync as the leader: nobody has reigned since' };
  const votes = counted.length + polled.filter(isNotAhead).length;
  const needed = sync.value.quorum + 1;
  if (votes < needed)
    return { kind: 'no', why: `${votes} pledges not ahead of ${positionToText(me.position)}, ${needed} needed` };
  const told = `${votes} of the synchronous members pledged, ${needed} needed; at ${positionToText(me.position)}`;
  return { kind: 'take', counted, why: told };
}
