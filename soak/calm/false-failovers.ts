// What the agents tell, read for everything that a cluster without a failed member must not do.
import { eventsOf } from '../../chaos/net/role-changes.ts';

export interface Sign {
  /** Wall clock. */
  readonly atMs: number;
  readonly member: string;
  readonly text: string;
  /** Leadership moved, or a primary was stopped. Else the leader key was only gone for a while, and its holder took it again. */
  readonly hasMoved: boolean;
}

/** Signs close together. */
export interface Incident {
  readonly atMs: number;
  readonly signs: readonly Sign[];
  readonly isFailover: boolean;
}

const MOVED: ReadonlySet<string> = new Set([
  'leader.released',
  'leader.lost',
  'postgres.promoted',
  'postgres.demoted',
  'postgres.fenced',
  'postgres.crashed',
]);
const KEY_GONE: ReadonlySet<string> = new Set(['leader.gone', 'leader.acquired']);
const TOGETHER_MS = 30_000;
const STAMP_LENGTH = '2026-01-01 00:00:00,000'.length;

/** The agents tell the local time. */
function momentOf(line: string): number {
  return Date.parse(line.slice(0, STAMP_LENGTH).replace(' ', 'T').replace(',', '.'));
}

function linesSince(log: string, sinceMs: number): readonly string[] {
  return log.split('\n').filter((line) => momentOf(line) >= sinceMs);
}

export function signsIn(member: string, log: string, sinceMs: number): readonly Sign[] {
  return linesSince(log, sinceMs).flatMap((line) =>
    eventsOf(member, line)
      .filter(({ kind }) => MOVED.has(kind) || KEY_GONE.has(kind))
      .map(({ kind, rule, text }) => ({
        atMs: momentOf(line),
        member,
        text: `${kind} by ${rule}: ${text}`,
        hasMoved: MOVED.has(kind),
      })),
  );
}

/** How often members had to carry a leader because etcd did not answer it. */
export function failsafeCount(member: string, log: string, sinceMs: number): number {
  return linesSince(log, sinceMs)
    .flatMap((line) => eventsOf(member, line))
    .filter(({ kind }) => kind === 'failsafe.began').length;
}

export function incidentsOf(signs: readonly Sign[]): readonly Incident[] {
  const groups: Sign[][] = [];
  for (const sign of signs.toSorted((a, b) => a.atMs - b.atMs)) {
    const last = groups.at(-1);
    if (last === undefined || sign.atMs - (last.at(-1)?.atMs ?? 0) > TOGETHER_MS) groups.push([sign]);
    else last.push(sign);
  }
  return groups.map((own) => ({
    atMs: own[0]?.atMs ?? 0,
    signs: own,
    isFailover: own.some(({ hasMoved }) => hasMoved),
  }));
}
