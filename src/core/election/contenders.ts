import type { ClusterView, Member, Tags } from '../model/cluster.ts';
import { LSN_ZERO, maxLsn, type WalPosition } from '../model/lsn.ts';
import type { PeerStatus } from '../model/observation.ts';
import { known, type Seen } from '../model/seen.ts';
import { failoverPriority, neverLeaderBecause } from '../model/tags.ts';
import { compareRanked } from './order.ts';
import { bytesBehind, clusterTimeline } from './remembered.ts';
import { containsName, standingPledges, unionOf } from './union.ts';

/** What the standing of everybody is worked out from. */
export interface RaceInput {
  readonly view: ClusterView;
  readonly peers: ReadonlyMap<string, Seen<PeerStatus>>;
  readonly maximumLagBytes: number;
  readonly checkTimeline: boolean;
  /** What the asking member knows of itself better than the store does. */
  readonly self?: { readonly name: string; readonly tags: Tags; readonly position: WalPosition | undefined };
}

/** A member as a candidate. */
export interface Contender {
  readonly name: string;
  /** How far its WAL reaches; undefined: nobody can tell. */
  readonly position: WalPosition | undefined;
  /** Where that is known from: a pledge binds its owner, an answer to a probe is as old as itself, told data up to a loop_wait. */
  readonly source: 'itself' | 'pledge' | 'probe' | 'told' | 'nothing';
  readonly priority: number;
  /** Among those who together hold every acknowledged commit. */
  readonly isVoter: boolean;
  /** Behind the last position that the store remembers; undefined: not known. */
  readonly behindBytes: bigint | undefined;
  /** It can bind itself by a pledge; a Patroni member cannot. */
  readonly canPledge: boolean;
  /** It was seen running as primary. */
  readonly isPrimary: boolean;
  /** Why it may not lead; empty: it may. */
  readonly bars: readonly string[];
  /** 1 is who the leadership falls to. Only who may lead has one. */
  readonly rank: number | undefined;
}

/** Every member that the store names, best first; those who may not lead after those who may. */
export function contenders(input: RaceInput): readonly Contender[] {
  const { members } = input.view;
  // A pledge stands on its owner's lease: it lives, even where its member key has not come back yet.
  const names = new Set([...members, ...standingPledges(input.view)].map(({ name }) => name));
  if (input.self !== undefined) names.add(input.self.name);
  const all = [...names].map((name) => unranked(name, input));
  const fit = all.filter((each) => each.bars.length === 0).toSorted(byRank);
  const unfit = all.filter((each) => each.bars.length > 0).toSorted(byRank);
  return [...fit.map((each, index) => ({ ...each, rank: index + 1 })), ...unfit];
}

const NOWHERE: WalPosition = { timeline: 0, lsn: LSN_ZERO };

function byRank(a: Contender, b: Contender): number {
  return compareRanked({ ...a, position: a.position ?? NOWHERE }, { ...b, position: b.position ?? NOWHERE });
}

interface Facts {
  readonly member: Member | undefined;
  readonly peer: PeerStatus | undefined;
  readonly tags: Tags | undefined;
  readonly isSelf: boolean;
}

function unranked(name: string, input: RaceInput): Contender {
  const { view, peers, self } = input;
  const member = view.members.find((each) => each.name === name);
  const answer = peers.get(name);
  const peer = answer === undefined ? undefined : known(answer);
  const isSelf = self?.name === name;
  const facts: Facts = { member, peer, tags: isSelf ? self.tags : tagsOf(member, peer), isSelf };
  const at = positionOf(name, facts, input);
  const behindBytes = at.position === undefined ? undefined : bytesBehind(view, at.position);
  return {
    name,
    ...at,
    priority: failoverPriority(facts.tags),
    isVoter: containsName(unionOf(view), name),
    behindBytes,
    canPledge: isSelf || member?.data.kornak?.can.includes('pledge') === true,
    isPrimary: isRunningPrimary(peer),
    bars: barsOf(name, facts, { input, ...at, behindBytes, silence: silenceOf(answer) }),
    rank: undefined,
  };
}

function tagsOf(member: Member | undefined, peer: PeerStatus | undefined): Tags | undefined {
  return peer?.tags ?? member?.data.tags;
}

function isRunningPrimary(peer: PeerStatus | undefined): boolean {
  return peer?.role === 'primary' && peer.state === 'running';
}

function silenceOf(answer: Seen<PeerStatus> | undefined): string | undefined {
  return answer?.kind === 'unknown' ? answer.why : undefined;
}

function positionOf(
  name: string,
  { member, peer, isSelf }: Facts,
  { view, self }: RaceInput,
): Pick<Contender, 'position' | 'source'> {
  if (isSelf && self?.position !== undefined) return { position: self.position, source: 'itself' };
  const pledge = standingPledges(view).find((each) => each.name === name);
  if (pledge !== undefined) return { position: pledge.position, source: 'pledge' };
  const probed = peer === undefined ? undefined : probedPosition(peer);
  if (probed !== undefined) return { position: probed, source: 'probe' };
  const { timeline, xlogLocation } = member?.data ?? {};
  if (timeline === undefined || xlogLocation === undefined) return { position: undefined, source: 'nothing' };
  return { position: { timeline, lsn: xlogLocation }, source: 'told' };
}

/** What a member's answer says of its WAL; undefined where it tells no timeline or no position. */
export function probedPosition({ timeline, location, receivedLsn, replayedLsn }: PeerStatus): WalPosition | undefined {
  const lsn = location ?? (receivedLsn === undefined ? replayedLsn : maxLsn(receivedLsn, replayedLsn ?? receivedLsn));
  return timeline === undefined || timeline === 0 || lsn === undefined || lsn === 0n ? undefined : { timeline, lsn };
}

interface Judged extends Pick<Contender, 'position' | 'source'> {
  readonly input: RaceInput;
  readonly behindBytes: bigint | undefined;
  readonly silence: string | undefined;
}

function barsOf(name: string, facts: Facts, judged: Judged): readonly string[] {
  const { input, position } = judged;
  const isAskedFor = input.view.failover.value?.candidate === name;
  const bars = [neverLeaderBecause(facts.tags), watchdogBar(facts), unfitBar(facts), stateBar(facts, judged)];
  if (position === undefined) bars.push('how far its WAL reaches is not known');
  else if (input.checkTimeline && position.timeline < clusterTimeline(input.view))
    bars.push(`on timeline ${position.timeline}, while the cluster is on ${clusterTimeline(input.view)}`);
  if (!isAskedFor) bars.push(lossBar(name, judged));
  return bars.filter((bar) => bar !== undefined);
}

function watchdogBar({ peer }: Facts): string | undefined {
  return peer?.watchdogFailed === true ? 'its watchdog does not work' : undefined;
}

/** By its own word, so that nobody waits for it as the better one. */
function unfitBar({ member, isSelf }: Facts): string | undefined {
  const unfit = isSelf ? undefined : member?.data.kornak?.unfit;
  return unfit === undefined ? undefined : `says that it is not fit to lead: ${unfit}`;
}

/** A pledge that stands tells more than an answer that did not come. */
function stateBar({ member, peer, isSelf }: Facts, { source, silence }: Judged): string | undefined {
  if (isSelf || source === 'pledge') return undefined;
  if (silence !== undefined) return `does not answer: ${silence}`;
  const state = peer?.state ?? member?.data.state ?? 'unknown';
  return state === 'running' ? undefined : `its state is ${state}`;
}

/** Who leads must not take from the cluster what was promised to it. */
function lossBar(name: string, { input, behindBytes }: Judged): string | undefined {
  const union = unionOf(input.view);
  if (union.length > 0)
    return containsName(union, name) ? undefined : `not among the synchronous members ${union.join(', ')}`;
  if (behindBytes === undefined || behindBytes <= BigInt(input.maximumLagBytes)) return undefined;
  return `${behindBytes} bytes behind the last known position of the leader: more than maximum_lag_on_failover`;
}
