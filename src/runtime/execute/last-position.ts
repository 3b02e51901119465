import { encodeLast } from '../../core/layout/own-keys.ts';
import type { LastPosition } from '../../core/model/cluster.ts';
import type { Write } from '../transactor.ts';
import type { Hands } from './hands.ts';

/** What outlives an outage of everything; in the transaction that tells the same position to Patroni in /status. */
export function lastPosition(at: Omit<LastPosition, 'name'>, { keys, self }: Hands): Write {
  return { kind: 'put', key: keys.last, value: encodeLast({ name: self.name, ...at }) };
}
