import { unionOf } from '../election/election.ts';
import type { Healing, Recorded, Rung } from '../model/healing.ts';
import type { Memory } from '../model/memory.ts';
import type { Context, EventDraft } from './context.ts';
import { remoteToFollow } from './remote.ts';

/** Whoever elects may still count on this copy: it is not given up before the leader has taken the name out of /sync (F9). */
export function isVoter(ctx: Context): boolean {
  const union = ctx.view === undefined ? [] : unionOf(ctx.view);
  return union.some((name) => name.toLowerCase() === ctx.me.toLowerCase());
}

/** What was recorded against whom this member is to follow today. */
export function recordedHere(ctx: Context): Recorded | undefined {
  const { recorded } = ctx.mem;
  const source = remoteToFollow(ctx)?.member ?? ctx.leader?.name;
  return recorded?.leader === source ? recorded : undefined;
}

interface Told {
  readonly memory: Pick<Memory, 'healing'>;
  readonly events: readonly EventDraft[];
}

/** Tells on which rung this member is and why; an event only where that has changed. */
export function healing(ctx: Context, rung: Rung, tries: number, why: string): Told {
  const before = ctx.mem.healing;
  const isSame = before?.rung === rung && before.tries === tries && before.why === why;
  const now: Healing = isSame ? before : { rung, tries, why, sinceMs: ctx.nowMs };
  const event: EventDraft = {
    kind: 'member.healing',
    text: `${ctx.me}: ${TEXTS[rung]}: ${why}`,
    evidence: { rung, try: tries },
  };
  return { memory: { healing: now }, events: isSame ? [] : [event] };
}

const TEXTS: Readonly<Record<Rung, string>> = {
  stream: 'does not follow',
  archive: 'waits for WAL from the archive',
  rewind: 'is rewound',
  clone: 'is cloned anew',
};
