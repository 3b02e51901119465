import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainOf, keepLogs } from '../evidence.ts';
import {
  appendFailure,
  appendResult,
  machineLoad,
  type NetFindings,
  type RoundsOf,
  type SourceState,
  WHOLE_MS_AIM,
} from '../ledger.ts';
import { Delays } from './delays.ts';
import { NetCluster } from './net-cluster.ts';
import type { NetRoundOrder, NetRoundResult } from './net-result.ts';
import { runNetRound } from './net-round.ts';
import type { Arena } from './net-strike.ts';
import { wrongs } from './net-verdict.ts';
import type { Mode } from '../strike.ts';
import { netLimits, netRefused } from './rights.ts';
import { sweepLeftovers } from './sweep.ts';

/** Longer silences are kept to be looked at, although most faults may cause them. */
const SILENCE_MS_KEPT = 8_000;

export interface NetOrder {
  readonly which: RoundsOf;
  readonly seeds: readonly number[];
  readonly state: SourceState;
  /** Go on after a round that was not as it should be, with a new cluster. */
  readonly goesOn: boolean;
}

/** Whether every round was as it should be. Where hosts of their own cannot be had nothing is run, and that is said. */
export async function runNet(order: NetOrder): Promise<boolean> {
  const refused = netRefused();
  if (refused !== undefined) {
    process.stdout.write(`skipped: no hosts of their own: ${refused}\n`);
    return true;
  }
  for (const limit of netLimits()) process.stdout.write(`note: ${limit}\n`);
  for (const name of await sweepLeftovers()) process.stdout.write(`swept up what ${name} had left\n`);
  const left = [...order.seeds];
  let isGood = true;
  while (left.length > 0) {
    const isOneGood = await new NetRun(order).all(left);
    isGood &&= isOneGood;
    if (!isOneGood && !order.goesOn) return false;
  }
  return isGood;
}

/** Rounds on one cluster. */
class NetRun {
  readonly #which: RoundsOf;
  readonly #state: SourceState;
  readonly #settled = new Map<number, string>();
  #lastId = 0;
  #isStopped = false;

  constructor({ which, state }: NetOrder) {
    this.#which = which;
    this.#state = state;
  }

  /** Takes its seeds from the list, until that is empty or a round was not as it should be. */
  async all(seeds: number[]): Promise<boolean> {
    const { mode } = this.#which;
    const cluster = await NetCluster.prepare({
      synchronous_mode: mode === 'off' ? false : mode === 'on' ? true : 'quorum',
    });
    const stop = (): void => {
      this.#isStopped = true;
      void cluster.stop().finally(() => process.exit(130));
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const arena = await this.#standUp(cluster);
      for (let round = 1; ; round += 1) {
        const seed = seeds.shift();
        if (seed === undefined) return true;
        if (!(await this.#one(arena, seed, round))) return false;
      }
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (!this.#isStopped) await cluster.stop();
    }
  }

  async #standUp(cluster: NetCluster): Promise<Arena> {
    const primary = await cluster.start();
    await primary.sql('create table chaos (id bigint primary key, round int not null, member text not null)');
    await primary.sql('create table lists (key int primary key, items int[] not null)');
    return { cluster, delays: new Delays(cluster.hosts) };
  }

  async #one(arena: Arena, seed: number, round: number): Promise<boolean> {
    const { mode, only } = this.#which;
    const ids = (): number => (this.#lastId += 1);
    const order: NetRoundOrder = { seed, only, round, mode, ids, settled: this.#settled };
    try {
      const result = await runNetRound(arena, order);
      appendResult(this.#state, this.#which, result, findings(mode, result));
      process.stdout.write(`${roundToText(result)}\n`);
      const wrong = wrongs(mode, result);
      if (wrong.length > 0 || result.wholeMs > WHOLE_MS_AIM) await this.#tell(arena, result, wrong);
      else if (result.outageMs > SILENCE_MS_KEPT) process.stdout.write(`  logs: ${await this.#keep(arena, seed)}\n`);
      return wrong.length === 0;
    } catch (error) {
      if (this.#isStopped) return false;
      appendFailure(this.#state, this.#which, seed, String(error));
      const kept = await this.#keep(arena, seed);
      process.stdout.write(
        `seed ${seed} failed: ${String(error)}\n${await arena.cluster.lastWords()}\n  logs: ${kept}\n`,
      );
      return false;
    }
  }

  async #tell({ cluster }: Arena, { seed, healedAt }: NetRoundResult, wrong: readonly string[]): Promise<void> {
    const chain = await chainOf(cluster.hosts, healedAt);
    const lines = [...wrong.map((text) => `  WRONG: ${text}`), ...chain];
    process.stdout.write(`${lines.join('\n')}\n  logs: ${await this.#keep({ cluster }, seed)}\n`);
  }

  async #keep({ cluster }: Pick<Arena, 'cluster'>, seed: number): Promise<string> {
    const more: Record<string, string> = {};
    for (const key of ['history', 'sync', 'kornak/events', 'leader'])
      more[`${key.replace('/', '-')}.txt`] = (await cluster.storeValue(key).catch(String)) ?? '';
    for (const { name, dir, disk } of cluster.hosts) {
      for (const [file, path] of [
        ['postgres', join(disk.path, 'data.kornak/postgres.log')],
        ['guard', join(disk.path, 'data.kornak/guard.log')],
        ['etcd', join(dir, 'etcd.log')],
      ] as const)
        more[`${name}-${file}.log`] = await readFile(path, 'utf8').catch(String);
    }
    const { mode, only } = this.#which;
    return await keepLogs(`net-${mode}${only === undefined ? '' : `-${only}`}-seed-${seed}`, cluster.hosts, more);
  }
}

function findings(mode: Mode, { resurrected, lists, bothAcceptMs, roles, mayMove, loss }: NetRoundResult): NetFindings {
  return {
    ...(mode === 'off'
      ? { lostBytes: loss.lostBytes, promisedBytes: loss.promisedBytes, beyond: loss.beyond.length }
      : {}),
    resurrected: resurrected.length,
    listFaults: lists.length,
    bothAcceptMs: Math.round(bothAcceptMs),
    roleChanges: roles.changes.length,
    unexplained: roles.unexplained.length,
    needless: mayMove ? 0 : roles.changes.length,
  };
}

function roundToText(result: NetRoundResult): string {
  const { seed, faults, acknowledged, lost, resurrected, overlaps, lists, roles } = result;
  const bad = overlaps.filter(({ isHeld }) => !isHeld).length;
  const parts = [
    `seed ${seed}: ${faults.join('; ')}`,
    `${acknowledged} acknowledged, ${lost.length} lost, ${resurrected.length} resurrected, ${bad} overlaps (${overlaps.length - bad} held), ${lists.length} faults of lists`,
    `longest silence ${(result.outageMs / 1000).toFixed(2)} s since ${result.silentSince.slice(11)}, whole after ${(result.wholeMs / 1000).toFixed(2)} s${result.hasCloned ? ' with a clone' : ''}`,
    `load ${machineLoad()}`,
    ...(lost.length > 0
      ? [
          `${result.loss.lostBytes} bytes lost of ${result.loss.promisedBytes} that may be without synchronous replication`,
        ]
      : []),
    ...(result.bothAcceptMs > 0 ? [`two took writes for ${Math.round(result.bothAcceptMs)} ms`] : []),
    ...roles.changes.map(
      ({ timeline, told }) => `timeline ${timeline}${result.mayMove ? '' : ' (without need)'}: ${told}`,
    ),
  ];
  return parts.join(' · ');
}
