import { compareRanked, precedence } from '../election/order.ts';
import { failoverPriority, isNeverLeader } from '../model/tags.ts';
import type { Context } from './context.ts';

/** Why another took the key and not this member, which had pledged, in the words of the contract; undefined: it cannot be told. */
export function whyNotMe({ view, leader, mem, obs, me }: Context): string | undefined {
  if (isNeverLeader(obs.self.tags)) return 'following a different leader because I am not allowed to promote';
  const record = view?.reign.value;
  if (record?.from === undefined || record.name !== leader?.name || mem.pledge === undefined) return undefined;
  const winner = { name: record.name, position: record.from, priority: record.priority ?? 1 };
  const own = { name: me, position: mem.pledge.position, priority: failoverPriority(obs.self.tags) };
  return compareRanked(winner, own) < 0 ? precedence(winner, own) : undefined;
}
