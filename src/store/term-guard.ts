// Keeps us from believing a member on the wrong side of a partition: raft terms only grow, so an answer of a lower
// term than one already seen comes from a member that has not heard of the newer leader.
import type { Header } from './answers.ts';

/**
 * A deposed leader gives up within an election timeout, seconds. A store restored from a backup starts its terms
 * anew under the same cluster id, and must be believed some time: when nobody has shown the higher term for so long.
 */
const FORGET_MS = 60_000;

export class TermGuard {
  #clusterId = '';
  #term = 0;
  #seenAtMs = 0;

  isStale(header: Header, nowMs: number): boolean {
    if (header.clusterId !== this.#clusterId || nowMs - this.#seenAtMs > FORGET_MS) return false;
    return header.raftTerm < this.#term;
  }

  /** Only from answers that needed a majority: a cut-off member counts its own term up for as long as it is alone. */
  learn(header: Header, nowMs: number): void {
    if (this.isStale(header, nowMs)) return;
    this.#clusterId = header.clusterId;
    this.#term = header.raftTerm;
    this.#seenAtMs = nowMs;
  }
}
