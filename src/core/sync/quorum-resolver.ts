import {
  common,
  isSame,
  isStrictlyWithin,
  isWithin,
  keepsTogether,
  minus,
  type QuorumOp,
  type QuorumState,
  type Standing,
  union,
} from './quorum-state.ts';
import { universalPath } from './universal-path.ts';

export interface QuorumMoves {
  /** In the order in which they are to be made; each alone leaves every acknowledged commit electable. */
  readonly ops: readonly QuorumOp[];
  /** Nobody has caught up yet: look again at PostgreSQL. */
  readonly restart: boolean;
  /** `/sync` and the setting did not belong together. */
  readonly warning?: string;
}

const first = (names: ReadonlySet<string>, count: number): Set<string> =>
  new Set([...names].toSorted().slice(0, count));
const last = (names: ReadonlySet<string>, count: number): Set<string> =>
  new Set([...names].toSorted().toReversed().slice(0, count));

/** The table of the contract has no move for this state. */
class NoMove extends Error {}
/** The run ends here and begins anew with what PostgreSQL then says. */
class Restart extends Error {}
/** One for all: none of them has a place to tell. */
const RESTART = new Restart();

class Resolver {
  readonly ops: QuorumOp[] = [];
  warning: string | undefined;
  private readonly me: string;
  private readonly active: ReadonlySet<string>;
  private readonly wanted: number;
  private leader: string;
  private quorum: number;
  private voters: ReadonlySet<string>;
  private count: number;
  private names: ReadonlySet<string>;
  private confirmed: number;

  constructor(state: QuorumState) {
    this.me = state.me;
    this.active = state.active;
    this.wanted = state.wanted;
    this.leader = state.leader;
    this.quorum = state.quorum;
    this.voters = state.voters;
    this.names = state.names;
    this.count = Math.min(state.count, state.names.size);
    this.confirmed = state.confirmed;
  }

  resolve(): void {
    if (this.leader !== this.me) {
      this.becomeLeader();
      // One look's time for the others to connect.
      if (common(this.names, this.active).size === 0) return;
    } else if (!keepsTogether(this.standing())) {
      this.warning = 'what commits wait for and /sync do not belong together';
      this.setVoters(this.names.size - this.count, this.names);
    }
    const reachable = common(this.names, this.active).size;
    if (this.confirmed === 0 && reachable > 0)
      this.confirmed = Math.max(0, Math.min(reachable, this.voters.size - this.quorum));
    if (isStrictlyWithin(this.names, this.voters)) this.endWithMoreVoters();
    if (isStrictlyWithin(this.voters, this.names)) this.endWithMoreNames();
    if (isSame(this.voters, this.names)) this.useMargin();
    this.dropGone();
    this.takeNew();
    this.followWanted();
  }

  private standing(): Standing {
    const { me, leader, quorum, voters, count, names } = this;
    return { me, leader, quorum, voters, count, names };
  }

  /** Phase 0: the voters of the last leader are those of this one, with the last leader among them. */
  private becomeLeader(): void {
    const voters = union(minus(this.voters, new Set([this.me])), new Set([this.leader]));
    if (this.names.size === 0) this.setNames(voters.size - this.quorum, voters);
    this.leader = this.me;
    if (this.quorum > 0 && this.quorum >= voters.size) throw new NoMove('no quorum is left');
    this.voters = voters;
    this.emitVoters();
  }

  /** Phase 1a: interrupted with more voters than names. */
  private endWithMoreVoters(): void {
    const dropped = minus(minus(this.voters, this.names), this.active);
    const isWhole = isWithin(this.names, this.active);
    if (dropped.size > 0)
      this.setVoters(this.voters.size - dropped.size - this.count, minus(this.voters, dropped), isWhole);
    this.setNames(this.count, union(this.names, common(this.voters, this.active)));
  }

  /** Phase 1b: interrupted with more names than voters. */
  private endWithMoreNames(): void {
    const dead = minus(this.names, this.active);
    const alive = minus(this.names, dead);
    if (alive.size > 0 && (this.voters.size === 0 || common(this.voters, alive).size > 0))
      this.setNames(Math.min(this.count, this.names.size - dead.size), alive);
    const voters = union(this.voters, common(minus(this.names, this.voters), this.active));
    if (voters.size > this.voters.size) this.setVoters(voters.size - this.count, voters);
    const names = common(this.names, this.voters);
    if (names.size < this.names.size) this.setNames(Math.min(this.count, names.size), names);
  }

  /** Phase 1c: voters and names are the same; one of the two numbers is greater than it need be. */
  private useMargin(): void {
    const { voters, names, count, wanted, confirmed } = this;
    const all = union(voters, names).size;
    if (this.quorum + Math.min(count, confirmed) - all > 0) {
      if (count > wanted) this.setNames(Math.max(wanted, voters.size - this.quorum), names);
      else this.setVoters(names.size - count, voters);
    } else if (count === wanted && count > confirmed && this.quorum + count - all > 0) {
      this.setVoters(names.size - count, voters);
    }
  }

  /** Phase 2: names that do not answer any more. */
  private dropGone(): void {
    let gone = minus(this.names, this.active);
    if (gone.size === 0) return;
    if (gone.size === this.names.size) {
      this.setVoters(0, new Set(), false);
      this.setNames(0, new Set());
      return;
    }
    if (this.quorum > 0) {
      const removed = last(gone, this.quorum);
      const names = minus(this.names, removed);
      this.setNames(Math.min(Math.max(this.count, this.wanted), names.size), names);
      gone = minus(gone, removed);
      const voters = minus(this.voters, removed);
      this.setVoters(voters.size - this.count, voters, gone.size === 0);
    }
    if (gone.size === 0) return;
    const count = this.count - gone.size;
    const [names, voters] = [minus(this.names, gone), minus(this.voters, gone)];
    const deficit = count - Math.min(this.wanted, names.size);
    this.setVoters(deficit === 0 ? 0 : Math.min(deficit, voters.size - 1), voters, false);
    this.setNames(count, names);
  }

  /** Phase 3: standbys that are not among the names yet. */
  private takeNew(): void {
    let fresh = minus(this.active, this.names);
    if (fresh.size === 0) return;
    const wanted = Math.min(this.wanted, this.names.size + fresh.size);
    if (wanted > this.count) {
      const taken = this.names.size === 0 ? fresh : first(fresh, wanted - this.count);
      const more = this.names.size === 0 ? wanted - this.count : taken.size;
      this.setNames(this.count + more, union(this.names, taken));
      const voters = union(this.voters, taken);
      this.setVoters(voters.size - wanted, voters);
      fresh = minus(fresh, taken);
    }
    if (fresh.size === 0) return;
    const voters = union(this.voters, fresh);
    this.setVoters(voters.size - wanted, voters, wanted > this.confirmed);
    this.setNames(wanted, union(this.names, fresh));
  }

  /** Phase 4: `synchronous_node_count` has changed. */
  private followWanted(): void {
    const { voters, names, count } = this;
    const more = Math.min(this.wanted, names.size) - count;
    if (more > 0) {
      this.setNames(count + more, names);
      this.setVoters(voters.size - this.count, voters);
    } else if (more < 0) {
      if (this.quorum - more < voters.size)
        this.setVoters(voters.size - count - more, voters, this.wanted > this.confirmed);
      this.setNames(count + more, names);
    }
  }

  private setVoters(wantedQuorum: number, wantedVoters: ReadonlySet<string>, isAdjusted = true): void {
    let [quorum, voters] = [wantedQuorum, wantedVoters];
    if (quorum < 0 || (quorum > 0 && quorum >= voters.size)) throw new NoMove(`quorum ${quorum} of ${voters.size}`);
    // Nobody is told of before somebody has caught up.
    if (this.confirmed === 0 && this.voters.size === 0) [quorum, voters] = [0, new Set()];
    else if (isAdjusted) quorum += Math.max(this.count - this.confirmed, 0);
    if (quorum === this.quorum && isSame(voters, this.voters)) {
      if (voters.size === 0) throw RESTART;
      return;
    }
    this.quorum = quorum;
    this.voters = voters;
    this.emitVoters();
  }

  private emitVoters(): void {
    this.assertTogether();
    this.ops.push({ kind: 'voters', leader: this.leader, quorum: this.quorum, voters: this.voters });
  }

  private setNames(count: number, names: ReadonlySet<string>): void {
    if (count < 0 || count > names.size) throw new NoMove(`${count} of ${names.size} names`);
    if (count === this.count && isSame(names, this.names)) return;
    this.count = count;
    this.names = names;
    this.assertTogether();
    this.ops.push({ kind: 'names', count, names });
  }

  private assertTogether(): void {
    if (!keepsTogether(this.standing())) throw new NoMove('acknowledging and electing sets would come apart');
  }
}

/** Of two changes of one kind in a row only the later is made. */
function merged(ops: readonly QuorumOp[]): readonly QuorumOp[] {
  return ops.filter((op, at) => ops[at + 1]?.kind !== op.kind);
}

/**
 * The moves of the contract's quorum resolver (ha.md 4.5), one run of it. Where that has none or would come apart, the universal
 * path: it reaches the target from every state.
 */
export function resolveQuorum(state: QuorumState): QuorumMoves {
  const resolver = new Resolver(state);
  const told = (): { warning?: string } => (resolver.warning === undefined ? {} : { warning: resolver.warning });
  try {
    resolver.resolve();
  } catch (error) {
    if (error instanceof Restart) return { ops: merged(resolver.ops), restart: true, ...told() };
    if (error instanceof NoMove) return { ops: merged(universalPath(state)), restart: false, ...told() };
    throw error;
  }
  return { ops: merged(resolver.ops), restart: false, ...told() };
}
