import type { PeerStatus } from '../core/model/observation.ts';
import type { Seen } from '../core/model/seen.ts';
import type { Peers } from '../ports/peers.ts';
import { BUDGETS } from './budgets.ts';

export interface PeerAddress {
  readonly name: string;
  readonly apiUrl: string;
}

/** Asks other members, all at once, what they are; keeps the answers for the next decision. */
export class Probes {
  private readonly peers: Peers;
  private answers: ReadonlyMap<string, Seen<PeerStatus>> = new Map();

  constructor(peers: Peers) {
    this.peers = peers;
  }

  all(): ReadonlyMap<string, Seen<PeerStatus>> {
    return this.answers;
  }

  forget(): void {
    this.answers = new Map();
  }

  async ask(members: readonly PeerAddress[]): Promise<void> {
    const asked = members.map(
      async ({ name, apiUrl }) => [name, await this.peers.probe(apiUrl, BUDGETS.probe)] as const,
    );
    this.answers = new Map(await Promise.all(asked));
  }
}
