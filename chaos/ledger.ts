// What every round came to, one JSON line each, for as long as the repository lives: numbers of many sittings add up, for each
// state of the sources separately.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import type { NetFaultKind } from './net/net-schedule.ts';
import type { RoundResult } from './round.ts';
import type { Mode } from './strike.ts';

const ROOT = resolve(import.meta.dirname, '..');
export const LEDGER = resolve(ROOT, 'docs/explain/chaos-ledger.jsonl');
/** Whole again within this time where nothing must be cloned. */
export const WHOLE_MS_AIM = 8_000;

interface Entry {
  readonly at: string;
  readonly commit: string;
  /** Hash of the tree `src/`, with `+` where it had changes that were not committed. */
  readonly src: string;
  readonly mode: string;
  readonly seed: number;
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly lost: number;
  /** Of answers that the survivor does not hold. */
  readonly overlaps: number;
  readonly heldOverlaps: number;
  readonly outageMs: number;
  readonly wholeMs: number;
  readonly cloned: boolean;
  /** Of the machine, over the last minute: times of a machine with other things to do say little. */
  readonly load?: number;
  readonly failed?: string;
  /** On hosts of their own. What follows is told of those only. */
  readonly net?: true;
  /** The one kind of fault that was asked for; a seed means something else with it. */
  readonly only?: NetFaultKind;
  readonly resurrected?: number;
  /** Of what the lists do not tell alike. */
  readonly listFaults?: number;
  readonly bothAcceptMs?: number;
  readonly roleChanges?: number;
  readonly unexplained?: number;
  /** Role changes although no fault had struck the leader, or none that should move it. */
  readonly needless?: number;
  /** Without synchronous replication: of the log, behind a fork, and what of it was promised at most. */
  readonly lostBytes?: number;
  readonly promisedBytes?: number;
  /** Primaries that began further behind than that. */
  readonly beyond?: number;
}

/** Which rounds: those of one kind count their seeds together. */
export interface RoundsOf {
  readonly mode: Mode;
  readonly net: boolean;
  readonly only: NetFaultKind | undefined;
}

export type NetFindings = Pick<
  Entry,
  | 'resurrected'
  | 'listFaults'
  | 'bothAcceptMs'
  | 'roleChanges'
  | 'unexplained'
  | 'needless'
  | 'lostBytes'
  | 'promisedBytes'
  | 'beyond'
>;

export interface SourceState {
  readonly commit: string;
  readonly src: string;
}

export function machineLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}

function git(...args: string[]): string {
  return execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).trim();
}

export function sourceState(): SourceState {
  const isDirty = git('status', '--porcelain', '--', 'src') !== '';
  return {
    commit: git('rev-parse', '--short=10', 'HEAD'),
    src: git('rev-parse', '--short=10', 'HEAD:src') + (isDirty ? '+' : ''),
  };
}

function marks({ net, only }: RoundsOf): Pick<Entry, 'net' | 'only'> {
  return { ...(net ? { net } : {}), ...(only === undefined ? {} : { only }) };
}

export function appendResult(state: SourceState, which: RoundsOf, result: RoundResult, net: NetFindings = {}): void {
  const entry: Entry = {
    at: new Date().toISOString(),
    ...state,
    mode: which.mode,
    ...marks(which),
    seed: result.seed,
    faults: result.faults,
    acknowledged: result.acknowledged,
    lost: result.lost.length,
    overlaps: result.overlaps.filter(({ isHeld }) => !isHeld).length,
    heldOverlaps: result.overlaps.filter(({ isHeld }) => isHeld).length,
    outageMs: Math.round(result.outageMs),
    wholeMs: Math.round(result.wholeMs),
    cloned: result.hasCloned,
    load: machineLoad(),
    ...net,
  };
  appendFileSync(LEDGER, `${JSON.stringify(entry)}\n`);
}

export function appendFailure(state: SourceState, which: RoundsOf, seed: number, failed: string): void {
  const entry: Entry = {
    at: new Date().toISOString(),
    ...state,
    mode: which.mode,
    ...marks(which),
    seed,
    faults: [],
    acknowledged: 0,
    lost: 0,
    overlaps: 0,
    heldOverlaps: 0,
    outageMs: 0,
    wholeMs: 0,
    cloned: false,
    failed: failed.split('\n')[0] ?? failed,
  };
  appendFileSync(LEDGER, `${JSON.stringify(entry)}\n`);
}

function entries(): readonly Entry[] {
  if (!existsSync(LEDGER)) return [];
  const lines = readFileSync(LEDGER, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** The next seed that this state of the sources has not seen. */
export function nextSeed({ src }: SourceState, { mode, net, only }: RoundsOf): number {
  const seeds = entries()
    .filter((entry) => entry.src === src && entry.mode === mode && (entry.net === true) === net && entry.only === only)
    .map(({ seed }) => seed);
  return Math.max(0, ...seeds) + 1;
}

/** Totals for each state of the sources and mode, oldest first. */
export function totals(): readonly string[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries()) {
    const key = `src ${entry.src}, ${entry.net === true ? 'net, ' : ''}${entry.mode}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups].map(([key, list]) => `${key}: ${summary(list)}`);
}

function summary(list: readonly Entry[]): string {
  const sum = (of: (entry: Entry) => number): number => list.reduce((total, entry) => total + of(entry), 0);
  const late = list.filter((entry) => !entry.cloned && entry.wholeMs > WHOLE_MS_AIM);
  return [
    `${list.length} rounds`,
    `${sum((entry) => entry.faults.length)} faults`,
    `${sum((entry) => entry.acknowledged)} acknowledged`,
    `${sum((entry) => entry.lost)} lost`,
    `${sum((entry) => entry.overlaps)} overlaps (${sum((entry) => entry.heldOverlaps)} of held answers)`,
    `${late.length} later than ${WHOLE_MS_AIM / 1000} s (seeds ${late.map((entry) => entry.seed).join(', ') || 'none'})`,
    `${list.filter((entry) => entry.failed !== undefined).length} failed`,
    ...(list.some((entry) => entry.net === true)
      ? [
          `${sum((entry) => entry.resurrected ?? 0)} resurrected`,
          `${sum((entry) => entry.listFaults ?? 0)} faults of lists`,
          `${sum((entry) => entry.roleChanges ?? 0)} role changes (${sum((entry) => entry.unexplained ?? 0)} unexplained, ${sum((entry) => entry.needless ?? 0)} without need)`,
          `${list.filter((entry) => (entry.lostBytes ?? 0) > 0).length} rounds with a loss, of ${Math.max(0, ...list.map((entry) => entry.lostBytes ?? 0))} bytes at most, ${sum((entry) => entry.beyond ?? 0)} beyond what is promised`,
        ]
      : []),
  ].join(', ');
}
