// When a silent leader is replaced by its voters, and when it is not: one kind of trouble at a time.
import { expect, test } from 'vitest';
import type { MemberData } from '../../src/core/model/cluster.ts';
import type { FaultKind } from '../../src/sim/fault/kinds.ts';
import type { Decide, Mutant } from '../../src/sim/mutant/mutant.ts';
import type { Options } from '../../src/sim/options.ts';
import { type RunResult, simulate } from '../../src/sim/run.ts';

interface Trouble {
  readonly faults: readonly FaultKind[];
  readonly more?: Partial<Options>;
  /** What each agent runs instead of the core. */
  readonly decide?: (decide: Decide) => Decide;
}

/** Three members, commits that wait for one of two, and a lease that nobody wants to wait for. */
async function run(seed: number, { faults, more, decide }: Trouble): Promise<RunResult> {
  const options = (chosen: Options): Options => ({
    ...chosen,
    memberCount: 3,
    isSynchronous: true,
    isQuorum: true,
    isStrict: false,
    synchronousNodeCount: 1,
    leaderTtlMs: 6_000,
    primaryRaceBackoffMs: 0,
    watchdog: 'off',
    upstreams: new Map(),
    lossRate: 0,
    slowRate: 0,
    networkDelayMs: 0.6,
    lostAnswerRate: 0,
    habits: { ...chosen.habits, jobFailureRate: 0, hookFailureRate: 0, cloneMsMax: 1_000 },
    faults: new Map(faults.map((kind) => [kind, 1])),
    faultEveryMs: 25_000,
    faultLengthMs: 8_000,
    leaderBias: 1,
    faultyMs: 300_000,
    ...more,
  });
  const mutant: Mutant = { name: 'one trouble', without: 'nothing', options, ...(decide && { decide }) };
  const result = await simulate({ seed, mutant, isControl: decide === undefined });
  expect(result.violation).toBeUndefined();
  expect(result.faultCount).toBeGreaterThan(0);
  return result;
}

test.each(['machine-freeze', 'machine-crash', 'programs-kill', 'isolation'] as const)(
  '%s of the leader: the voters replace it',
  async (kind) => {
    const { revocations } = await run(1, { faults: [kind] });
    expect(revocations).toBeGreaterThan(3);
  },
);

test('the same with priority and both standbys synchronous', async () => {
  const { revocations } = await run(2, {
    faults: ['machine-freeze'],
    more: { isQuorum: false, synchronousNodeCount: 2 },
  });
  expect(revocations).toBeGreaterThan(3);
});

test('F25: a voter that is cut off from the leader alone revokes nobody, though its pledge would be enough', async () => {
  const alone = { faults: ['link-cut', 'link-cut-one-way'], more: { synchronousNodeCount: 2 } } as const;
  const { revocations, leaderChanges } = await run(3, alone);
  expect({ revocations, leaderChanges }).toEqual({ revocations: 0, leaderChanges: 0 });
});

test('F25: not even the only one there is', async () => {
  const { revocations } = await run(4, { faults: ['link-cut'], more: { memberCount: 2, isStrict: true } });
  expect(revocations).toBe(0);
});

test('F27: switchovers, restarts and stops on purpose are no deaths', async () => {
  const { revocations } = await run(5, { faults: ['switchover', 'restart', 'agent-stop'] });
  expect(revocations).toBe(0);
});

test('a store that is away or elects revokes nobody', async () => {
  const { revocations } = await run(6, { faults: ['store-outage', 'store-election', 'store-member-cut'] });
  expect(revocations).toBe(0);
});

test('F22: nor does a pause, with whatever is done in it', async () => {
  const { revocations } = await run(7, { faults: ['pause'] });
  expect(revocations).toBe(0);
});

test('asynchronous: the lease decides', async () => {
  const { revocations, leaderChanges } = await run(8, { faults: ['machine-freeze'], more: { isSynchronous: false } });
  expect(revocations).toBe(0);
  expect(leaderChanges).toBeGreaterThan(0);
});

type Told = NonNullable<MemberData['kornak']>;

/** Everybody but cyd-3 says of itself what another version would. */
const toldBy =
  (version: (told: Told) => Told | undefined) =>
  (decide: Decide): Decide =>
  (observation, memory) => {
    const decision = decide(observation, memory);
    const { publish } = decision.plan;
    if (publish?.kornak === undefined || observation.self.name === 'cyd-3') return decision;
    const { kornak, ...rest } = publish;
    const told = version(kornak);
    return { ...decision, plan: { ...decision.plan, publish: { ...rest, ...(told && { kornak: told }) } } };
  };

test('two versions side by side: where /sync names members that do not know how, the lease decides', async () => {
  const older = toldBy((told) => ({ ...told, can: told.can.filter((what) => what !== 'revoke') }));
  const { revocations, leaderChanges } = await run(9, { faults: ['machine-freeze'], decide: older });
  expect(revocations).toBe(0);
  expect(leaderChanges).toBeGreaterThan(0);
});

test('two versions side by side: what a later one can as well changes nothing', async () => {
  const later = toldBy((told) => ({ ...told, protocol: 2, can: ['more', ...told.can] }));
  const { revocations } = await run(1, { faults: ['machine-freeze'], decide: later });
  expect(revocations).toBeGreaterThan(3);
});

test('F23: among members that tell no more than those of Patroni, the lease decides', async () => {
  const { revocations, leaderChanges } = await run(10, {
    faults: ['machine-freeze'],
    decide: toldBy(() => undefined),
  });
  expect(revocations).toBe(0);
  expect(leaderChanges).toBeGreaterThan(0);
});
