// The quorum resolver against a naive model: all sets that may acknowledge a commit and all that may elect a leader are counted
// out, and each two of them must meet, in the state it starts from and after each of its moves.
import { expect, test } from 'vitest';
import { resolveQuorum } from '../../src/core/sync/quorum-resolver.ts';
import { keepsTogether, type QuorumOp, type QuorumState } from '../../src/core/sync/quorum-state.ts';
import { Chance } from '../../src/sim/time/chance.ts';

const STATES = 100_000;
const ROUNDS = 12;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const ME = 'a';

const maskOf = (names: Iterable<string>): number =>
  [...names].reduce((mask, name) => mask | (1 << NAMES.indexOf(name)), 0);
const sizeOf = (mask: number): number => NAMES.filter((_, at) => (mask & (1 << at)) !== 0).length;
const MASKS = Array.from({ length: 1 << NAMES.length }, (_, mask) => ({ mask, size: sizeOf(mask) }));
const CACHE = new Map<number, readonly number[]>();

/** Every set of that many of these. */
function choices(from: number, size: number): readonly number[] {
  const key = from * 8 + size;
  const known =
    CACHE.get(key) ?? MASKS.filter((each) => each.size === size && (each.mask & ~from) === 0).map((each) => each.mask);
  CACHE.set(key, known);
  return known;
}

type Standing = Pick<QuorumState, 'leader' | 'quorum' | 'voters' | 'count' | 'names'>;

/** Nobody can be elected without somebody who has every acknowledged commit. The primary has them all. */
function isSafe({ leader, quorum, voters, count, names }: Standing): boolean {
  if (voters.size === 0) return true;
  const me = maskOf([ME]);
  const electing = choices(maskOf(voters) | maskOf([leader]), quorum + 1);
  return choices(maskOf(names), count).every((set) => electing.every((electors) => (electors & (set | me)) !== 0));
}

function apply(state: QuorumState, op: QuorumOp): QuorumState {
  return op.kind === 'names'
    ? { ...state, count: op.count, names: op.names }
    : { ...state, leader: op.leader, quorum: op.quorum, voters: op.voters };
}

function someOf(chance: Chance, names: readonly string[]): Set<string> {
  const rate = chance.next();
  return new Set(names.filter(() => chance.happens(rate)));
}

function randomState(chance: Chance): QuorumState {
  const leader = chance.happens(0.7) ? ME : (chance.pick(NAMES) ?? ME);
  const others = NAMES.filter((name) => name !== ME);
  const voters = someOf(
    chance,
    NAMES.filter((name) => name !== leader),
  );
  const names = chance.happens(0.5)
    ? new Set([...voters, leader].filter((name) => name !== ME))
    : someOf(chance, others);
  const active = someOf(chance, others);
  const reachable = [...names].filter((name) => active.has(name)).length;
  return {
    me: ME,
    leader,
    voters,
    quorum: voters.size === 0 ? 0 : chance.integer(0, voters.size - 1),
    names,
    count: names.size === 0 ? 0 : chance.integer(1, names.size),
    active,
    confirmed: chance.happens(0.5) ? reachable : chance.integer(0, reachable),
    wanted: chance.integer(1, 4),
  };
}

function shown(state: QuorumState): string {
  return JSON.stringify({ ...state, voters: [...state.voters], names: [...state.names], active: [...state.active] });
}

/** Goes from a safe state to where nothing moves any more; says what was wrong on the way. */
function walk(start: QuorumState): string | undefined {
  let state = start;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { ops, restart } = resolveQuorum(state);
    for (const op of ops) {
      state = apply(state, op);
      if (!isSafe(state)) return `${shown(start)} comes apart at ${shown(state)}`;
      if (!keepsTogether(state)) return `${shown(start)} breaks S5 at ${shown(state)}`;
    }
    // By the next look whoever is there has caught up.
    const confirmed = [...state.names].filter((name) => state.active.has(name)).length;
    if (ops.length === 0 && !restart && state.confirmed === confirmed) return undone(start, state);
    state = { ...state, confirmed };
  }
  return `${shown(start)} does not come to rest: ${shown(state)}`;
}

function undone(
  start: QuorumState,
  { leader, voters, names, active, count, quorum, wanted }: QuorumState,
): string | undefined {
  const n = Math.min(wanted, active.size);
  const isThere =
    leader === ME &&
    maskOf(voters) === maskOf(active) &&
    maskOf(names) === maskOf(active) &&
    count === n &&
    quorum === active.size - n;
  return isThere
    ? undefined
    : `${shown(start)} rests at ${JSON.stringify({ leader, voters: [...voters], names: [...names], count, quorum })}`;
}

test(`from ${STATES} states every move is safe, and the target is reached`, () => {
  const chance = new Chance(20_261_126);
  const wrong: string[] = [];
  for (let tried = 0; tried < STATES && wrong.length < 5;) {
    const state = randomState(chance);
    if (!keepsTogether(state)) continue;
    tried += 1;
    const problem = isSafe(state) ? walk(state) : `S5 is not what the naive model says: ${shown(state)}`;
    if (problem !== undefined) wrong.push(problem);
  }
  expect(wrong).toEqual([]);
});
