// Whether each new timeline has exactly one explained cause: one member that went for the key under that number and said by which
// rule and why, and one that promoted. What happened is read from the logs, where events stand in full even if their member was
// killed before the store had them; that a change happened at all is read from /history.

export interface LoggedEvent {
  readonly member: string;
  readonly kind: string;
  readonly rule: string;
  readonly text: string;
  /** As logged: `key=value`. */
  readonly details: string;
}

export interface RoleChange {
  readonly timeline: number;
  /** One sentence: who, by which rule, and why. */
  readonly told: string;
}

export interface RoleStory {
  readonly changes: readonly RoleChange[];
  /** One sentence each; empty when every change is explained. */
  readonly unexplained: readonly string[];
}

const LINE = /^\S+ \S+ [A-Z]+: (.*?) event=([\w.]+) rule=(\w+)(.*)$/;

export function eventsOf(member: string, log: string): readonly LoggedEvent[] {
  return log.split('\n').flatMap((line) => {
    const [, text, kind, rule, details] = LINE.exec(line) ?? [];
    if (text === undefined || kind === undefined || rule === undefined) return [];
    return [{ member, kind, rule, text, details: details ?? '' }];
  });
}

/** `timelines`: numbers that were begun since, oldest first, as /history and the primary have them. */
export function explainRoles(timelines: readonly number[], events: readonly LoggedEvent[]): RoleStory {
  const found = timelines.map((timeline) => explain(timeline, events));
  const promotions = events.filter(({ kind }) => kind === 'postgres.promoted').length;
  const tooMany =
    promotions > timelines.length
      ? [`${promotions} promotions for ${timelines.length} new timelines (${timelines.join(', ')})`]
      : [];
  const repeated = timelines.filter((timeline, at) => at > 0 && timeline <= (timelines[at - 1] ?? 0));
  return {
    changes: found.map(({ change }) => change),
    unexplained: [
      ...found.flatMap(({ unexplained }) => unexplained),
      ...tooMany,
      ...repeated.map((timeline) => `timeline ${timeline} is not behind the one before it`),
    ],
  };
}

function explain(
  timeline: number,
  events: readonly LoggedEvent[],
): { readonly change: RoleChange; readonly unexplained: readonly string[] } {
  const takes = events.filter(({ kind, details }) => kind === 'leader.acquired' && numberOf(details) === timeline);
  const takers = [...new Set(takes.map(({ member }) => member))];
  const winners = takers.filter((member) => promotedAfter(member, timeline, events));
  const told = takes.map(({ member, rule, text, details }) => `${member} by ${rule}: ${text}${mannerOf(details)}`);
  const change = { timeline, told: told.join(' / ') };
  if (takers.length === 0) return { change, unexplained: [`nobody says why timeline ${timeline} began`] };
  if (winners.length > 1)
    return { change, unexplained: [`${winners.join(' and ')} promoted to timeline ${timeline}: ${change.told}`] };
  return { change, unexplained: [] };
}

/** Its next promotion after it went for that number, before it went for another one. */
function promotedAfter(member: string, timeline: number, events: readonly LoggedEvent[]): boolean {
  const own = events.filter((event) => event.member === member);
  const from = own.findLastIndex(({ kind, details }) => kind === 'leader.acquired' && numberOf(details) === timeline);
  const next = own.slice(from + 1).find(({ kind }) => kind === 'leader.acquired' || kind === 'postgres.promoted');
  return next?.kind === 'postgres.promoted';
}

const numberOf = (details: string): number => Number(/ timeline=(\d+)/.exec(details)?.[1]);
const mannerOf = (details: string): string => {
  const manner = / manner=(\S+)/.exec(details)?.[1];
  return manner === undefined ? '' : ` (${manner})`;
};
