import { isRecord, type JsonRecord, textField } from '../core/layout/fields.ts';

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

/** In the order of time, each once. What is no event is left out: anybody can write anything. */
export function toldEvents(lists: readonly (readonly unknown[])[]): readonly ToldEvent[] {
  const unique = new Map<string, ToldEvent>();
  for (const value of lists.flat()) {
    const event = eventFrom(value);
    if (event !== undefined) unique.set(`${event.member} ${event.kind} ${event.wallAt} ${event.text}`, event);
  }
  return [...unique.values()].toSorted((a, b) => a.wallMs - b.wallMs);
}

function eventFrom(value: unknown): ToldEvent | undefined {
  if (!isRecord(value)) return undefined;
  const [kind, member, wallAt] = [textField(value, 'kind'), textField(value, 'member'), textField(value, 'wallAt')];
  const wallMs = Date.parse(wallAt ?? '');
  if (kind === undefined || member === undefined || wallAt === undefined || Number.isNaN(wallMs)) return undefined;
  const evidence = value['evidence'];
  return {
    kind,
    member,
    wallAt,
    wallMs,
    rule: textField(value, 'rule') ?? '?',
    text: textField(value, 'text') ?? kind,
    evidence: isRecord(evidence) ? evidence : {},
  };
}

/** A clock of another machine may be off; so old an event has nothing to do with it. */
const STORY_MS = 600_000;
const STORY_EVENTS_MAX = 40;

/** What starts a change of roles; whatever stands before the first of them has nothing to do with it. */
const CAUSES: ReadonlySet<string> = new Set([
  'switchover.started',
  'leader.lost',
  'leader.gone',
  'leader.released',
  'postgres.crashed',
  'member.unfit',
  'postgres.unfenced',
  'postgres.fenced',
  'postgres.demoted',
  'cluster.bootstrapped',
]);

export interface RoleChange {
  /** Somebody took the leadership. */
  readonly taken: ToldEvent;
  /** From its cause to the promotion, oldest first. */
  readonly story: readonly ToldEvent[];
}

/** The last time that somebody came to lead, and what led to it; undefined: none is recorded. */
export function lastRoleChange(events: readonly ToldEvent[]): RoleChange | undefined {
  const acquired = events.findLastIndex(({ kind }) => kind === 'leader.acquired');
  const promoted = events.findLastIndex(({ kind }) => kind === 'postgres.promoted');
  const change = acquired >= 0 ? acquired : promoted;
  const taken = events[change];
  if (taken === undefined) return undefined;
  const end = promoted > change && events[promoted]?.member === taken.member ? promoted : change;
  const before = events.slice(0, change).findLastIndex(({ kind }) => TAKES.has(kind));
  const since = events
    .slice(before + 1, end + 1)
    .filter(({ wallMs }) => taken.wallMs - wallMs <= STORY_MS)
    .slice(-STORY_EVENTS_MAX);
  const cause = since.findIndex(({ kind }) => CAUSES.has(kind));
  return { taken, story: since.slice(Math.max(0, cause)) };
}

const TAKES: ReadonlySet<string> = new Set(['leader.acquired', 'postgres.promoted']);
