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

/** `timelines`: numbers that were begun since and lead to the present, oldest first, as /history and the primary have them. */
export function explainRoles(timelines: readonly number[], events: readonly LoggedEvent[]): RoleStory {
  const promotions = promotionsOf(events);
  const unexplained = timelines.filter((timeline) => takesOf(timeline, events).length === 0);
  const groundless = promotions.filter(({ timeline }) => timeline === undefined);
  const claimed = promotions.map(({ timeline }) => timeline).filter((timeline) => timeline !== undefined);
  const twice = claimed.filter((timeline, at) => claimed.indexOf(timeline) !== at);
  const fallen = timelines.filter((timeline, at) => at > 0 && timeline <= (timelines[at - 1] ?? 0));
  return {
    changes: timelines.map((timeline) => ({ timeline, told: toldOf(timeline, events) })),
    unexplained: [
      ...unexplained.map((timeline) => `nobody says why timeline ${timeline} began`),
      ...groundless.map(({ member }) => `${member} promoted without having gone for the key`),
      ...twice.map((timeline) => `timeline ${timeline} was begun twice: ${toldOf(timeline, events)}`),
      ...fallen.map((timeline) => `timeline ${timeline} is not behind the one before it`),
    ],
  };
}

interface Promotion {
  readonly member: string;
  /** Under which it went for the key; undefined: it did not, since its last promotion. */
  readonly timeline: number | undefined;
}

/** Also of those who were overtaken before anybody followed them: their timelines lead nowhere. */
function promotionsOf(events: readonly LoggedEvent[]): readonly Promotion[] {
  const wanted = new Map<string, number>();
  return events.flatMap(({ member, kind, details }) => {
    const timeline = numberOf(details);
    if (kind === 'leader.acquired' && timeline !== undefined) wanted.set(member, timeline);
    if (kind !== 'postgres.promoted') return [];
    const promotion = { member, timeline: wanted.get(member) };
    wanted.delete(member);
    return [promotion];
  });
}

function takesOf(timeline: number, events: readonly LoggedEvent[]): readonly LoggedEvent[] {
  return events.filter(({ kind, details }) => kind === 'leader.acquired' && numberOf(details) === timeline);
}

function toldOf(timeline: number, events: readonly LoggedEvent[]): string {
  const takes = takesOf(timeline, events);
  return takes
    .map(({ member, rule, text, details }) => `${member} by ${rule}: ${text}${mannerOf(details)}`)
    .join(' / ');
}

function numberOf(details: string): number | undefined {
  const text = / timeline=(\d+)/.exec(details)?.[1];
  return text === undefined ? undefined : Number(text);
}

function mannerOf(details: string): string {
  const manner = / manner=(\S+)/.exec(details)?.[1];
  return manner === undefined ? '' : ` (${manner})`;
}
