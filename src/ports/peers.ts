import type { Seen } from '../core/model/seen.ts';
import type { PeerStatus } from '../core/model/observation.ts';

/** The other members' REST listeners. */
export interface Peers {
  /** Status document of the member behind `apiUrl`, or why there is none within `budgetMs`. */
  probe(apiUrl: string, budgetMs: number): Promise<Seen<PeerStatus>>;
}
