// What a machine does to a cluster that has no reason to fail over. The seed decides all of it.
import { Chance } from '../../src/sim/time/chance.ts';

export interface Starvation {
  readonly kind: 'starvation';
  readonly atMs: number;
  readonly lengthMs: number;
}

/** etcd gets another leader: it is asked to hand over, or its leader is stopped for a while, so that the others must notice. */
export interface StoreElection {
  readonly kind: 'store-election';
  readonly manner: 'move' | 'stop';
  readonly atMs: number;
  readonly lengthMs: number;
}

export interface StoreHang {
  readonly kind: 'store-hang';
  /** Which member of etcd is stopped. */
  readonly member: number;
  readonly atMs: number;
  readonly lengthMs: number;
}

export type Disturbance = Starvation | StoreElection | StoreHang;

const MINUTE_MS = 60_000;
const STARVATION_MS = 10_000;
const STARVATION_GAP_MS = [8_000, 30_000] as const;
const HANG_MS = [30_000, 90_000] as const;
const HANG_GAP_MS = [40_000, 120_000] as const;
const STOP_MS = [1_500, 4_000] as const;
const FIRST_MS = [2_000, 15_000] as const;
/** Of three members two must serve: while one hangs, and shortly before and after, no other is stopped. */
const APART_MS = 15_000;

/** In the order of their beginnings; all of them end within the time. */
export function disturbancesOf(seed: number, minutes: number): readonly Disturbance[] {
  const chance = new Chance(seed);
  const endMs = minutes * MINUTE_MS;
  const [ofLoad, ofHangs, ofElections] = [chance.fork(), chance.fork(), chance.fork()];
  const hangs = hangsOf(ofHangs, endMs);
  const all: readonly Disturbance[] = [
    ...starvations(ofLoad, endMs),
    ...hangs,
    ...elections(ofElections, endMs, hangs),
  ];
  return all.toSorted((a, b) => a.atMs - b.atMs);
}

const within = (chance: Chance, [low, high]: readonly [number, number]): number =>
  Math.round(chance.between(low, high));

function starvations(chance: Chance, endMs: number): readonly Starvation[] {
  const all: Starvation[] = [];
  let atMs = within(chance, FIRST_MS);
  while (atMs + STARVATION_MS <= endMs) {
    all.push({ kind: 'starvation', atMs, lengthMs: STARVATION_MS });
    atMs += STARVATION_MS + within(chance, STARVATION_GAP_MS);
  }
  return all;
}

function hangsOf(chance: Chance, endMs: number): readonly StoreHang[] {
  const all: StoreHang[] = [];
  let atMs = within(chance, HANG_GAP_MS);
  for (;;) {
    const lengthMs = within(chance, HANG_MS);
    if (atMs + lengthMs > endMs) return all;
    all.push({ kind: 'store-hang', member: chance.integer(0, 2), atMs, lengthMs });
    atMs += lengthMs + within(chance, HANG_GAP_MS);
  }
}

/** One a minute. */
function elections(chance: Chance, endMs: number, hangs: readonly StoreHang[]): readonly StoreElection[] {
  const all: StoreElection[] = [];
  for (let minuteMs = 0; minuteMs + MINUTE_MS <= endMs; minuteMs += MINUTE_MS) {
    const atMs = minuteMs + within(chance, [5_000, MINUTE_MS - STOP_MS[1]]);
    const lengthMs = within(chance, STOP_MS);
    const wantsStop = chance.happens(0.5);
    const isNearHang = hangs.some(
      (hang) => atMs + lengthMs > hang.atMs - APART_MS && atMs < hang.atMs + hang.lengthMs + APART_MS,
    );
    all.push(
      wantsStop && !isNearHang
        ? { kind: 'store-election', manner: 'stop', atMs, lengthMs }
        : { kind: 'store-election', manner: 'move', atMs, lengthMs: 0 },
    );
  }
  return all;
}

export function disturbanceToText(it: Disturbance): string {
  const from = `at ${(it.atMs / 1000).toFixed(1)} s`;
  const length = `for ${(it.lengthMs / 1000).toFixed(1)} s`;
  if (it.kind === 'starvation') return `starvation ${from} ${length}`;
  if (it.kind === 'store-hang') return `member ${it.member} of etcd hangs ${from} ${length}`;
  return it.manner === 'move' ? `etcd hands its lead over ${from}` : `the leader of etcd stops ${from} ${length}`;
}
