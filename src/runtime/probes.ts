import type { PeerStatus } from '../core/model/observation.ts';
import type { PeerAddress } from '../core/model/plan.ts';
import { type Seen, unknown } from '../core/model/seen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Peers } from '../ports/peers.ts';
import { BUDGETS } from './budgets.ts';

/** An answer says what was; after this time it says nothing any more. */
const KEPT_MS = 5_000;

interface Asked {
  readonly askedMs: number;
  readonly answer: Seen<PeerStatus>;
}

/** Asks other members what they are, all at once and beside everything else: who does not answer keeps nobody waiting. */
export class Probes {
  private readonly parts: { readonly peers: Peers; readonly clock: Clock; readonly wake: (reason: string) => void };
  private readonly underWay = new Set<string>();
  private readonly answers = new Map<string, Asked>();

  constructor(parts: Probes['parts']) {
    this.parts = parts;
  }

  /** The newest answer of each member, while it says something. */
  all(): ReadonlyMap<string, Seen<PeerStatus>> {
    const sinceMs = this.parts.clock.bootMs() - KEPT_MS;
    const fresh = [...this.answers].filter(([, { askedMs }]) => askedMs >= sinceMs);
    return new Map(fresh.map(([name, { answer }]) => [name, answer]));
  }

  /** Whom an earlier question is still on its way to is not asked again. */
  ask(members: readonly PeerAddress[]): void {
    for (const member of members) if (!this.underWay.has(member.name)) void this.askOne(member);
  }

  private async askOne({ name, apiUrl }: PeerAddress): Promise<void> {
    const { peers, clock, wake } = this.parts;
    const askedMs = clock.bootMs();
    this.underWay.add(name);
    const answer = await peers.probe(apiUrl, BUDGETS.probe).catch((error: unknown) => unknown(String(error)));
    this.underWay.delete(name);
    this.answers.set(name, { askedMs, answer });
    wake(`${name} was asked what it is`);
  }
}
