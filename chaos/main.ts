import { parseArgs } from 'node:util';
import { prepareCluster, type TestCluster } from '../test/support/kornak-cluster.ts';
import {
  appendFailure,
  appendResult,
  nextSeed,
  type RoundsOf,
  type SourceState,
  sourceState,
  totals,
  WHOLE_MS_AIM,
} from './ledger.ts';
import { chainOf, keepLogs } from './evidence.ts';
import { runNet } from './net/run-net.ts';
import { isNetFault, NET_FAULTS, netScheduleOf } from './net/net-schedule.ts';
import { type RoundOrder, type RoundResult, runRound } from './round.ts';
import { faultToText, scheduleOf } from './schedule.ts';
import type { Mode } from './strike.ts';

const USAGE = `usage: npm run chaos -- [--mode on|quorum|off] [--rounds N | --seed S] [--dry]
       npm run chaos -- --net [--mode on|quorum|off] [--rounds N | --seed S] [--only FAULT] [--from S] [--go-on] [--dry]
       npm run chaos -- --totals
Random faults on a real cluster of three members and three etcd, with a writer at each member. A row per round is added to
docs/explain/chaos-ledger.jsonl; --seed repeats the faults of one round, --dry only tells them. Safe to stop at any moment.
--net: three hosts with a network, a disk and an etcd of their own, as root. --go-on: a new cluster after a round that was not as it
should be. --from: the first seed of the rounds. FAULT is one of
${wrapped(NET_FAULTS)}
`;

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'on' },
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    dry: { type: 'boolean', default: false },
    totals: { type: 'boolean', default: false },
    net: { type: 'boolean', default: false },
    only: { type: 'string' },
    from: { type: 'string' },
    'go-on': { type: 'boolean', default: false },
  },
});

function wrapped(words: readonly string[]): string {
  return words.map((word, at) => `${word}${(at + 1) % 8 === 0 ? '\n' : ' '}`).join('');
}

function isMode(text: string): text is Mode {
  return text === 'on' || text === 'quorum' || text === 'off';
}

function roundToText(result: RoundResult): string {
  const { seed, faults, acknowledged, lost, overlaps, outageMs, wholeMs, hasCloned, unequal } = result;
  const bad = overlaps.filter(({ isHeld }) => !isHeld).length;
  const parts = [
    `seed ${seed}: ${faults.join('; ')}`,
    `${acknowledged} acknowledged, ${lost.length} lost, ${bad} overlaps (${overlaps.length - bad} held)`,
    `longest silence ${(outageMs / 1000).toFixed(2)} s, whole after ${(wholeMs / 1000).toFixed(2)} s${hasCloned ? ' with a clone' : ''}`,
    ...unequal,
  ];
  return parts.join(' · ');
}

async function keepAll(cluster: TestCluster, seed: number): Promise<string> {
  const store = await cluster.storeDump().catch(String);
  return await keepLogs(`seed-${seed}`, cluster.members, { 'store.txt': store });
}

function isBroken(mode: Mode, { lost, overlaps, unequal }: RoundResult): boolean {
  // Without synchronous replication what was written last may go with its primary: told, not held against it.
  const hasLost = mode !== 'off' && (lost.length > 0 || overlaps.some(({ isHeld }) => !isHeld));
  return hasLost || unequal.length > 0;
}

async function standUp(mode: Mode): Promise<TestCluster> {
  const dcs = { synchronous_mode: mode === 'off' ? false : mode === 'on' ? true : 'quorum' };
  const cluster = await prepareCluster({ etcdMembers: 3, scope: 'chaos', dcs });
  const stop = (): void => {
    void cluster.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    cluster.startAll();
    const primary = await cluster.streaming();
    if (mode !== 'off') await cluster.synchronous();
    await primary.sql('create table chaos (id bigint primary key, round int not null, member text not null)');
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function runAll(mode: Mode, seeds: readonly number[], state: SourceState): Promise<boolean> {
  const cluster = await standUp(mode);
  let last = 0;
  const ids = (): number => (last += 1);
  try {
    for (const [index, seed] of seeds.entries())
      if (!(await runOne(cluster, { seed, round: index + 1, mode, ids }, state))) return false;
    return true;
  } finally {
    await cluster.stop();
  }
}

async function runOne(cluster: TestCluster, how: RoundOrder, state: SourceState): Promise<boolean> {
  const { seed, mode } = how;
  try {
    const result = await runRound(cluster, how);
    appendResult(state, { mode, net: false, only: undefined }, result);
    process.stdout.write(`${roundToText(result)}\n`);
    const isGood = !isBroken(mode, result);
    if (!isGood || result.wholeMs > WHOLE_MS_AIM) {
      const chain = await chainOf(cluster.members, result.healedAt);
      process.stdout.write(`${chain.join('\n')}\n  logs: ${await keepAll(cluster, seed)}\n`);
    }
    return isGood;
  } catch (error) {
    appendFailure(state, { mode, net: false, only: undefined }, seed, String(error));
    const words = await cluster.lastWords();
    process.stdout.write(`seed ${seed} failed: ${String(error)}\n${words}\n  logs: ${await keepAll(cluster, seed)}\n`);
    return false;
  }
}

/** The seeds asked for, or those that this state of the sources has not had yet; undefined: not a number. */
function seedsOf(state: SourceState, which: RoundsOf): readonly number[] | undefined {
  const rounds = Number(values.rounds);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined) return Number.isInteger(seed) ? [seed] : undefined;
  if (!Number.isInteger(rounds) || rounds < 1) return undefined;
  const from = values.from === undefined ? nextSeed(state, which) : Number(values.from);
  if (!Number.isInteger(from)) return undefined;
  return Array.from({ length: rounds }, (_, at) => from + at);
}

/** undefined: what was asked for makes no sense. */
function orderOf(state: SourceState): { readonly which: RoundsOf; readonly seeds: readonly number[] } | undefined {
  const { mode, net, only } = values;
  if (!isMode(mode)) return undefined;
  if (only !== undefined && !(net && isNetFault(only))) return undefined;
  const which = { mode, net, only };
  const seeds = seedsOf(state, which);
  return seeds === undefined ? undefined : { which, seeds };
}

async function main(): Promise<number> {
  if (values.totals) {
    process.stdout.write(`${totals().join('\n')}\n`);
    return 0;
  }
  const state = sourceState();
  const order = orderOf(state);
  if (order === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { which, seeds } = order;
  if (values.dry) {
    for (const seed of seeds) process.stdout.write(`seed ${seed}: ${faultsOf(seed, which)}\n`);
    return 0;
  }
  const isGood = which.net
    ? await runNet({ which, seeds, state, goesOn: values['go-on'] })
    : await runAll(which.mode, seeds, state);
  return isGood ? 0 : 1;
}

function faultsOf(seed: number, { net, only }: RoundsOf): string {
  return (net ? netScheduleOf(seed, only) : scheduleOf(seed)).map(faultToText).join('; ');
}

process.exitCode = await main();
