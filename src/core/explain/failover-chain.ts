// A change of leaders as a chain of moments, each with who told it and by which clock. What nobody recorded is left out, never
// guessed.
import { fieldOf, type JsonRecord } from '../layout/fields.ts';

/** An event as a member told it; what this version does not know of it is left as it is. */
export interface ToldEvent {
  readonly kind: string;
  readonly member: string;
  readonly wallAt: string;
  readonly wallMs: number;
  readonly rule: string;
  readonly text: string;
  readonly evidence: JsonRecord;
}

/**
 * `fault`: a member acted on something that ended a reign. `suspected`: a voter took the leader for dead. `key gone`: the new
 * leader saw nobody hold the key. `writable`: its PostgreSQL was out of recovery.
 */
export type LinkName = 'fault' | 'suspected' | 'key gone' | 'key taken' | 'promote sent' | 'writable';

export interface Link {
  readonly name: LinkName;
  /** By the wall clock of `member`. */
  readonly wallMs: number;
  readonly member: string;
  readonly rule: string;
  readonly text: string;
  /** Since the link before; undefined for the first. Across two machines it is as good as their clocks. */
  readonly afterMs: number | undefined;
}

export interface FailoverChain {
  readonly leader: string;
  /** Who led before, as far as anybody told. */
  readonly previous: string | undefined;
  /** The timeline that began. */
  readonly timeline: number | undefined;
  readonly links: readonly Link[];
  /** From the first to the last link. */
  readonly totalMs: number;
  readonly longest: { readonly from: LinkName; readonly to: LinkName; readonly ms: number } | undefined;
}

type Moment = Omit<Link, 'afterMs'>;

/** Told by the one who led, when it stopped or was stopped. */
const FAULTS: ReadonlySet<string> = new Set([
  'switchover.started',
  'leader.released',
  'leader.lost',
  'postgres.crashed',
  'postgres.fenced',
  'postgres.unfenced',
  'postgres.demoted',
  'member.unfit',
]);

function momentOf(event: ToldEvent, name: LinkName, agoMs = 0): Moment {
  const { member, rule, text, wallMs } = event;
  return { name, wallMs: wallMs - agoMs, member, rule, text };
}

function numberIn(event: ToldEvent | undefined, name: string): number | undefined {
  const value = event === undefined ? undefined : fieldOf(event.evidence, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** `story`: of one change, in the order of time; `taken`: that somebody went for the key, the last in it before a promotion. */
export function failoverChain({ taken, story }: RoleChange): FailoverChain {
  const leader = taken.member;
  const promoted = story.find(({ kind, member }) => kind === 'postgres.promoted' && member === leader);
  const moments = [
    faultOf(story, leader),
    suspicionOf(story, taken),
    keyGone(story, taken),
    keyTaken(taken, promoted),
    ...promotion(promoted),
  ].filter((moment) => moment !== undefined);
  const links = moments.map((moment, at) => ({ ...moment, afterMs: since(moment, moments[at - 1]) }));
  const [first, last] = [links[0], links.at(-1)];
  return {
    leader,
    previous: previousOf(story, taken),
    timeline: numberIn(promoted, 'timeline'),
    links,
    totalMs: first === undefined || last === undefined ? 0 : last.wallMs - first.wallMs,
    longest: longestOf(links),
  };
}

function since({ wallMs }: Moment, before: Moment | undefined): number | undefined {
  return before === undefined ? undefined : wallMs - before.wallMs;
}

function faultOf(story: readonly ToldEvent[], leader: string): Moment | undefined {
  const fault = story.find(({ kind, member }) => FAULTS.has(kind) && member !== leader);
  return fault && momentOf(fault, 'fault');
}

/** A key that was taken from somebody was vacant at no time: what counts then is the suspicion. */
function isRevoked({ evidence }: ToldEvent): boolean {
  return fieldOf(evidence, 'manner') === 'revoked';
}

function suspicionOf(story: readonly ToldEvent[], taken: ToldEvent): Moment | undefined {
  const told = ofLeaderOrFirst(story, 'leader.suspected', taken);
  const sinceMs = isRevoked(taken) ? numberIn(taken, 'vacantMs') : undefined;
  if (sinceMs === undefined) return told && momentOf(told, 'suspected');
  return byLeader(taken, told, { name: 'suspected', agoMs: sinceMs, text: 'the leader is suspected' });
}

function keyGone(story: readonly ToldEvent[], taken: ToldEvent): Moment | undefined {
  if (isRevoked(taken)) return undefined;
  const told = ofLeaderOrFirst(story, 'leader.gone', taken);
  const vacantMs = numberIn(taken, 'vacantMs');
  if (vacantMs === undefined) return told && momentOf(told, 'key gone');
  return byLeader(taken, told, { name: 'key gone', agoMs: vacantMs, text: 'nobody holds the leader key' });
}

function ofLeaderOrFirst(story: readonly ToldEvent[], kind: string, taken: ToldEvent): ToldEvent | undefined {
  const all = story.filter((event) => event.kind === kind);
  return all.find(({ member }) => member === taken.member) ?? all[0];
}

/** By the clock of the new leader, so that all that follows is by the same one. */
function byLeader(
  taken: ToldEvent,
  told: ToldEvent | undefined,
  { name, agoMs, text }: { readonly name: LinkName; readonly agoMs: number; readonly text: string },
): Moment {
  const own = momentOf(taken, name, agoMs);
  return told?.member === taken.member ? { ...momentOf(told, name), wallMs: own.wallMs } : { ...own, text };
}

/** Going for the key is one thing, having it another: only who was promoted tells when it had it. */
function keyTaken(taken: ToldEvent, promoted: ToldEvent | undefined): Moment {
  const agoMs = numberIn(promoted, 'keyAgoMs');
  const moment = momentOf(taken, 'key taken');
  return promoted === undefined || agoMs === undefined ? moment : { ...moment, wallMs: promoted.wallMs - agoMs };
}

function promotion(promoted: ToldEvent | undefined): readonly (Moment | undefined)[] {
  if (promoted === undefined) return [];
  const sentAgoMs = numberIn(promoted, 'sentAgoMs') ?? numberIn(promoted, 'tookMs');
  const sent = sentAgoMs === undefined ? undefined : momentOf(promoted, 'promote sent', sentAgoMs);
  return [
    sent && { ...sent, text: 'PostgreSQL is told to leave recovery' },
    momentOf(promoted, 'writable', numberIn(promoted, 'openAgoMs')),
  ];
}

function previousOf(story: readonly ToldEvent[], taken: ToldEvent): string | undefined {
  const previous = fieldOf(taken.evidence, 'previous');
  if (typeof previous === 'string') return previous;
  return story.find(({ kind, member }) => FAULTS.has(kind) && member !== taken.member)?.member;
}

function longestOf(links: readonly Link[]): FailoverChain['longest'] {
  const steps = links.flatMap(({ name, afterMs }, at) => {
    const before = links[at - 1];
    return before === undefined || afterMs === undefined ? [] : [{ from: before.name, to: name, ms: afterMs }];
  });
  return steps.toSorted((a, b) => b.ms - a.ms)[0];
}

export interface RoleChange {
  /** Somebody took the leadership. */
  readonly taken: ToldEvent;
  /** From its cause to the promotion, oldest first. */
  readonly story: readonly ToldEvent[];
}

/** A clock of another machine may be off; so old an event has nothing to do with it. */
const STORY_MS = 600_000;
const STORY_EVENTS_MAX = 40;

/** What starts a change of roles; whatever stands before the first of them has nothing to do with it. */
const CAUSES: ReadonlySet<string> = new Set([...FAULTS, 'leader.suspected', 'leader.gone', 'cluster.bootstrapped']);

/**
 * The last time that somebody came to lead, and what led to it; undefined: none is recorded. Several go for the key and one gets
 * it: `holder` is who the record of the reign names.
 */
export function lastRoleChange(events: readonly ToldEvent[], holder?: string): RoleChange | undefined {
  const change = changeAt(events, holder);
  const taken = events[change];
  if (taken === undefined) return undefined;
  const end = events.findIndex(
    ({ kind, member }, at) => at > change && kind === 'postgres.promoted' && member === taken.member,
  );
  const before = beforeThat(events, change);
  const story = events
    .slice(before + 1, Math.max(change, end) + 1)
    .filter(({ wallMs }) => taken.wallMs - wallMs <= STORY_MS)
    .slice(-STORY_EVENTS_MAX);
  const cause = story.findIndex(({ kind }) => CAUSES.has(kind));
  return { taken, story: story.slice(Math.max(0, cause)) };
}

function changeAt(events: readonly ToldEvent[], holder: string | undefined): number {
  const lastOf = (test: (event: ToldEvent) => boolean): number => events.findLastIndex(test);
  const isHolder = ({ member }: ToldEvent): boolean => member === holder;
  const byHolder = lastOf((event) => event.kind === 'leader.acquired' && isHolder(event));
  if (byHolder >= 0) return byHolder;
  const acquired = lastOf(({ kind }) => kind === 'leader.acquired');
  return acquired >= 0 ? acquired : lastOf(({ kind }) => kind === 'postgres.promoted');
}

/** Where the change before ended. A try of another member in the same vacancy belongs to this one. */
function beforeThat(events: readonly ToldEvent[], change: number): number {
  const taken = events[change];
  const previous = taken === undefined ? undefined : fieldOf(taken.evidence, 'previous');
  const isEarlier = ({ kind, member }: ToldEvent): boolean =>
    kind === 'postgres.promoted' ||
    (kind === 'leader.acquired' && (typeof previous !== 'string' || member === previous));
  return events.slice(0, change).findLastIndex(isEarlier);
}
