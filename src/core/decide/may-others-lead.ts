import { unionOf } from '../election/election.ts';
import { containsName } from '../election/union.ts';
import { isNeverLeader } from '../model/tags.ts';
import type { Context } from './context.ts';

/** Somebody else runs, by what the store shows, and may take the key: worth leaving it to them for a while. */
export function mayOthersLead({ view, me }: Context): boolean {
  if (view === undefined) return true;
  const union = unionOf(view);
  return view.members.some(
    ({ name, data }) =>
      name !== me &&
      data.state === 'running' &&
      !isNeverLeader(data.tags) &&
      (union.length === 0 || containsName(union, name) || view.failover.value?.candidate === name),
  );
}
