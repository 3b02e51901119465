import type { Mode } from '../strike.ts';
import type { NetRoundResult } from './net-result.ts';

const SHOWN_MAX = 5;
/** A thawed primary without synchronous replication may go on until its guard has acted. */
const BOTH_ACCEPT_MS_MAX = 250;

/** What must not be, in this mode; without synchronous replication what was written last may go with its primary. */
export function wrongs(mode: Mode, result: NetRoundResult): readonly string[] {
  const always = [...result.unequal, ...result.changedSince, ...result.roles.unexplained];
  return [...always, ...(mode === 'off' ? wrongsAlone(result) : wrongsTogether(result))];
}

function wrongsAlone({ faults, bothAcceptMs, loss }: NetRoundResult): readonly string[] {
  const hasThawed = faults.some((fault) => /freeze|starvation/.test(fault));
  const isLong = bothAcceptMs > BOTH_ACCEPT_MS_MAX && !hasThawed;
  return [...loss.beyond, ...(isLong ? [`two hosts took writes at once for ${Math.round(bothAcceptMs)} ms`] : [])];
}

function wrongsTogether({ lost, resurrected, overlaps, lists }: NetRoundResult): readonly string[] {
  const bad = overlaps.filter(({ isHeld }) => !isHeld);
  return [
    ...listed('lost', lost),
    ...listed('resurrected', resurrected),
    ...listed(
      'acknowledged by two',
      bad.map(({ first, second }) => `${first.id} at ${first.member} and ${second.id} at ${second.member}`),
    ),
    ...lists.slice(0, SHOWN_MAX),
  ];
}

function listed(what: string, items: readonly (string | number)[]): readonly string[] {
  return items.length === 0 ? [] : [`${items.length} ${what}: ${items.slice(0, SHOWN_MAX).join(', ')}`];
}
