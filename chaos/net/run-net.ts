import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainOf, keepLogs } from '../evidence.ts';
import {
  appendFailure,
  appendResult,
  type NetFindings,
  type RoundsOf,
  type SourceState,
  WHOLE_MS_AIM,
} from '../ledger.ts';
import type { Mode } from '../strike.ts';
import { Delays } from './delays.ts';
import { NetCluster } from './net-cluster.ts';
import { type NetRoundOrder, type NetRoundResult, runNetRound } from './net-round.ts';
import type { Arena } from './net-strike.ts';
import { netLimits, netRefused } from './rights.ts';
import { sweepLeftovers } from './sweep.ts';

const SHOWN_MAX = 5;
/** A thawed primary without synchronous replication may go on until its guard has acted. */
const BOTH_ACCEPT_MS_MAX = 250;

/** Whether every round was as it should be. Where hosts of their own cannot be had nothing is run, and that is said. */
export async function runNet(which: RoundsOf, seeds: readonly number[], state: SourceState): Promise<boolean> {
  const refused = netRefused();
  if (refused !== undefined) {
    process.stdout.write(`skipped: no hosts of their own: ${refused}\n`);
    return true;
  }
  for (const limit of netLimits()) process.stdout.write(`note: ${limit}\n`);
  for (const name of await sweepLeftovers()) process.stdout.write(`swept up what ${name} had left\n`);
  const run = new NetRun(which, state);
  return await run.all(seeds);
}

class NetRun {
  readonly #which: RoundsOf;
  readonly #state: SourceState;
  readonly #settled = new Map<number, string>();
  #lastId = 0;
  #isStopped = false;

  constructor(which: RoundsOf, state: SourceState) {
    this.#which = which;
    this.#state = state;
  }

  async all(seeds: readonly number[]): Promise<boolean> {
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
      for (const [index, seed] of seeds.entries()) if (!(await this.#one(arena, seed, index + 1))) return false;
      return true;
    } finally {
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
      appendResult(this.#state, this.#which, result, findings(result));
      process.stdout.write(`${roundToText(result)}\n`);
      const wrong = wrongs(mode, result);
      if (wrong.length > 0 || result.wholeMs > WHOLE_MS_AIM) await this.#tell(arena, result, wrong);
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

function findings({ resurrected, lists, bothAcceptMs, roles, mayMove }: NetRoundResult): NetFindings {
  return {
    resurrected: resurrected.length,
    listFaults: lists.length,
    bothAcceptMs: Math.round(bothAcceptMs),
    roleChanges: roles.changes.length,
    unexplained: roles.unexplained.length,
    needless: mayMove ? 0 : roles.changes.length,
  };
}

/** What must not be, in this mode; without synchronous replication what was written last may go with its primary. */
function wrongs(mode: Mode, result: NetRoundResult): readonly string[] {
  const always = [...result.unequal, ...result.changedSince, ...result.roles.unexplained];
  if (mode === 'off') {
    const hasThawed = result.faults.some((fault) => /freeze|starvation/.test(fault));
    const { bothAcceptMs } = result;
    return bothAcceptMs > BOTH_ACCEPT_MS_MAX && !hasThawed
      ? [...always, `two hosts took writes at once for ${Math.round(bothAcceptMs)} ms`]
      : always;
  }
  const bad = result.overlaps.filter(({ isHeld }) => !isHeld);
  return [
    ...always,
    ...listed('lost', result.lost),
    ...listed('resurrected', result.resurrected),
    ...listed(
      'acknowledged by two',
      bad.map(({ first, second }) => `${first.id} at ${first.member} and ${second.id} at ${second.member}`),
    ),
    ...result.lists.slice(0, SHOWN_MAX),
  ];
}

function listed(what: string, items: readonly (string | number)[]): readonly string[] {
  return items.length === 0 ? [] : [`${items.length} ${what}: ${items.slice(0, SHOWN_MAX).join(', ')}`];
}

function roundToText(result: NetRoundResult): string {
  const { seed, faults, acknowledged, lost, resurrected, overlaps, lists, roles } = result;
  const bad = overlaps.filter(({ isHeld }) => !isHeld).length;
  const parts = [
    `seed ${seed}: ${faults.join('; ')}`,
    `${acknowledged} acknowledged, ${lost.length} lost, ${resurrected.length} resurrected, ${bad} overlaps (${overlaps.length - bad} held), ${lists.length} faults of lists`,
    `longest silence ${(result.outageMs / 1000).toFixed(2)} s, whole after ${(result.wholeMs / 1000).toFixed(2)} s${result.hasCloned ? ' with a clone' : ''}`,
    ...(result.bothAcceptMs > 0 ? [`two took writes for ${Math.round(result.bothAcceptMs)} ms`] : []),
    ...roles.changes.map(
      ({ timeline, told }) => `timeline ${timeline}${result.mayMove ? '' : ' (without need)'}: ${told}`,
    ),
  ];
  return parts.join(' · ');
}
