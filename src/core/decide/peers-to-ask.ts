import type { PeerAddress } from '../model/plan.ts';
import type { Context, Ruling } from './context.ts';
import { LIMITS } from './limits.ts';
import { standbysToAsk } from './rules-crash.ts';

/**
 * Whom to ask now what it is. Answers are to be there before they are needed: from the moment on at which the stream from the
 * leader breaks, and not only once its key is gone.
 */
export function peersToAsk(ctx: Context, ruling: Ruling): readonly PeerAddress[] {
  const named = ruling.probe ?? standbysToAsk(ctx);
  const others = named.length === 0 && mayMatter(ctx) ? (ctx.view?.members ?? []).map((member) => member.name) : named;
  return others.flatMap((name) => {
    const apiUrl = ctx.view?.members.find((member) => member.name === name)?.data.apiUrl;
    return name === ctx.me || apiUrl === undefined ? [] : [{ name, apiUrl }];
  });
}

function mayMatter({ standby, leader, held, mem, nowMs, me }: Context): boolean {
  if (standby === undefined || held !== undefined || leader?.name === me) return false;
  if (nowMs - mem.probedMs < LIMITS.probeEveryMs) return false;
  return leader === undefined || mem.suspicion !== undefined || standby.receiver?.status !== 'streaming';
}
