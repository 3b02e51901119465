import type { Memory } from '../model/memory.ts';
import type { EventDraft, Ruling } from './context.ts';

/** A release is tried until it is answered. It is told of with the first try, whichever rule makes the next ones. */
export function releaseToldOnce(
  mem: Memory,
  ruling: Ruling,
): { readonly events: readonly EventDraft[]; readonly releaseTold: number | undefined } {
  const events = ruling.events ?? [];
  const release = ruling.steps?.find((step) => step.kind === 'releaseKey');
  if (release === undefined) return { events, releaseTold: mem.releaseTold };
  const isTold = mem.releaseTold === release.reign;
  const isReleased = events.some(({ kind }) => kind === 'leader.released');
  return {
    events: isTold ? events.filter(({ kind }) => kind !== 'leader.released') : events,
    releaseTold: isReleased ? release.reign : mem.releaseTold,
  };
}
