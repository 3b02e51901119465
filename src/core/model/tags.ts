import { booleanFromWord } from '../settings/boolean-word.ts';
import type { Tags } from './cluster.ts';

const PRIORITY_DEFAULT = 1;

function flagOf(value: unknown): boolean | undefined {
  return value === undefined || value === null ? undefined : booleanFromWord(value);
}

/** A whole number, as a number or as text; undefined for anything else. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  return typeof value === 'string' && /^\s*[-+]?\d{1,9}\s*$/.test(value) ? Number(value) : undefined;
}

/** Whether a member may never lead: `nofailover` where it is set, be it to false; else a `failover_priority` of 0 or less. */
export function isNeverLeader(tags: Tags | undefined): boolean {
  const { nofailover, failover_priority: priority } = tags ?? {};
  return flagOf(nofailover) ?? (numberOf(priority) ?? PRIORITY_DEFAULT) <= 0;
}

/** Of members whose WAL reaches as far, the one with the higher number leads. 0 where `nofailover` is on; 1 where nothing is said. */
export function failoverPriority(tags: Tags | undefined): number {
  const { nofailover, failover_priority: priority } = tags ?? {};
  if (flagOf(nofailover) === true) return 0;
  return numberOf(priority) ?? PRIORITY_DEFAULT;
}

/** Why a member may never lead, by its tags; undefined: it may. */
export function neverLeaderBecause(tags: Tags | undefined): string | undefined {
  if (!isNeverLeader(tags)) return undefined;
  return flagOf(tags?.['nofailover']) === true
    ? 'tagged nofailover'
    : `its failover_priority is ${failoverPriority(tags)}`;
}

/** What a boolean and the number beside it contradict each other in (contract: the text); undefined: they agree. */
export function tagConflict(
  tags: Readonly<Record<string, unknown>>,
  flag: 'nofailover' | 'nosync',
  priority: 'failover_priority' | 'sync_priority',
): string | undefined {
  const [isOff, number] = [flagOf(tags[flag]), numberOf(tags[priority])];
  if (isOff === undefined || number === undefined || isOff === number <= 0) return undefined;
  const shown = isOff ? 'True' : 'False';
  return `Conflicting configuration between ${flag}: ${shown} and ${priority}: ${number}. Defaulting to ${flag}: ${shown}`;
}
