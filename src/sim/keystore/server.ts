import type { KeyValue, Txn } from '../../ports/store.ts';
import type { Agenda } from '../time/agenda.ts';
import type { Chance } from '../time/chance.ts';
import type { Trace } from '../time/trace.ts';
import { type Applied, type Change, isHeld, StoreState } from './state.ts';

/** How often the store looks for leases that have run out. */
const LEASE_SCAN_MS = 500;
/** A store leader without followers goes on granting keepalives for this long. */
const DEPOSED_LEADER_MS = 1800;

export interface Feed {
  onChange(change: Change): void;
}

/**
 * Three store members seen as one: it answers or does not. One of the three may be cut off from the others while clients
 * still reach it: then it answers from its memory what etcd answers from there, and nothing else.
 */
export class StoreServer {
  readonly state: StoreState;
  readonly feeds = new Set<Feed>();
  /** Watches that hang on the member that is cut off: it has nothing to tell. */
  readonly staleFeeds = new Set<Feed>();
  /** up: answers. down: refuses connections. silent: answers nothing. electing: answers nothing, and does some of it later. */
  mode: 'up' | 'down' | 'silent' | 'electing' = 'up';
  /** Memory of the store member that is cut off from the other two. */
  stale:
    | {
        readonly keys: ReadonlyMap<string, KeyValue>;
        readonly leases: ReadonlyMap<string, number>;
        readonly wasLeader: boolean;
        readonly sinceMs: number;
      }
    | undefined;
  private readonly agenda: Agenda;
  private readonly chance: Chance;
  private readonly trace: Trace;
  private parked: (() => void)[] = [];
  private electionNumber = 0;

  constructor(agenda: Agenda, chance: Chance, trace: Trace, watched: (change: Change) => void) {
    this.agenda = agenda;
    this.chance = chance;
    this.trace = trace;
    this.state = new StoreState((change) => {
      watched(change);
      for (const feed of this.feeds) feed.onChange(change);
    });
    agenda.after(LEASE_SCAN_MS, () => this.scanLeases());
  }

  /** A request has arrived. It is done now, later than anybody waits for, or never. */
  arrive(apply: () => void): void {
    if (this.mode === 'up') apply();
    else if (this.mode === 'electing' && this.chance.happens(0.5)) this.parked.push(apply);
  }

  elect(): void {
    const number = ++this.electionNumber;
    const lengthMs = this.chance.between(1400, 2900);
    this.mode = 'electing';
    this.trace.note('store', () => `election, ${Math.round(lengthMs)} ms`);
    this.agenda.after(lengthMs, () => {
      if (number === this.electionNumber) this.ready();
    });
  }

  stop(mode: 'down' | 'silent'): void {
    this.electionNumber += 1;
    this.mode = mode;
    this.trace.note('store', () => mode);
  }

  /** One of the three loses the other two; if it led, they elect another. */
  isolateOne(wasLeader: boolean): void {
    const leases = new Map([...this.state.leases.values()].map((lease) => [lease.id, lease.ttlMs]));
    this.stale = { keys: new Map(this.state.keys), leases, wasLeader, sinceMs: this.agenda.nowMs };
    for (const feed of this.feeds) this.attach(feed);
    this.trace.note('store', () => `one member is cut off from the others${wasLeader ? ', the leader' : ''}`);
    if (wasLeader) this.elect();
  }

  /** Where a watch hangs is chance. */
  attach(feed: Feed): void {
    if (this.stale !== undefined && this.chance.happens(1 / 3)) this.staleFeeds.add(feed);
  }

  rejoin(): void {
    this.stale = undefined;
    this.staleFeeds.clear();
    this.trace.note('store', () => 'whole again');
  }

  /** What the member that is cut off answers to a transaction; undefined: it cannot. */
  staleTxn(txn: Txn): Applied | undefined {
    const { stale } = this;
    if (stale === undefined) return undefined;
    const held = txn.compares.every((compare) => isHeld(compare, stale.keys.get(compare.key)));
    const ops = held ? txn.success : (txn.failure ?? []);
    return ops.length === 0 ? { kind: held ? 'done' : 'refused', revision: this.state.revision, reads: [] } : undefined;
  }

  /** TTL that a leader cut off from its followers still answers, to no effect. */
  staleKeepAlive(leaseId: string): number | undefined {
    const { stale } = this;
    if (stale === undefined || !stale.wasLeader || this.agenda.nowMs > stale.sinceMs + DEPOSED_LEADER_MS)
      return undefined;
    return stale.leases.get(leaseId);
  }

  /** Ends whatever is wrong; an election comes first where there was no leader. */
  heal(): void {
    this.stale = undefined;
    this.staleFeeds.clear();
    if (this.mode === 'down' || this.mode === 'silent') this.elect();
  }

  private ready(): void {
    this.mode = 'up';
    this.state.rearm(this.agenda.nowMs);
    const { parked } = this;
    this.parked = [];
    for (const apply of parked) this.agenda.after(this.chance.between(0, 30), apply);
  }

  private scanLeases(): void {
    this.agenda.after(LEASE_SCAN_MS, () => this.scanLeases());
    if (this.mode !== 'up') return;
    for (const lease of this.state.leases.values()) {
      if (lease.endsAtMs <= this.agenda.nowMs) this.expire(lease.id);
    }
  }

  private expire(leaseId: string): void {
    this.agenda.after(this.chance.between(2, 60), () => {
      const lease = this.state.leases.get(leaseId);
      if (this.mode === 'up' && lease !== undefined && lease.endsAtMs <= this.agenda.nowMs) this.state.revoke(leaseId);
    });
  }
}
