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

/** Another member led from then on, and what led to it, oldest first; the last one is the change itself. Empty: none is known. */
export function lastRoleChange(events: readonly ToldEvent[]): readonly ToldEvent[] {
  const acquired = events.findLastIndex(({ kind }) => kind === 'leader.acquired');
  const promoted = events.findLastIndex(({ kind }) => kind === 'postgres.promoted');
  const change = acquired >= 0 ? acquired : promoted;
  const leader = events[change];
  if (leader === undefined) return [];
  const end = promoted > change && events[promoted]?.member === leader.member ? promoted : change;
  const isChange = ({ kind }: ToldEvent): boolean => kind === 'leader.acquired' || kind === 'postgres.promoted';
  const before = events.slice(0, change).findLastIndex(isChange);
  return events
    .slice(before + 1, end + 1)
    .filter(({ wallMs }) => leader.wallMs - wallMs <= STORY_MS)
    .slice(-STORY_EVENTS_MAX);
}
