import { FAULT_KINDS, type FaultKind } from './fault/kinds.ts';
import type { Options } from './options.ts';
import { slotOptionsOf } from './swarm-slots.ts';
import { Chance } from './time/chance.ts';

/** The options of a seed. */
export function optionsOf(seed: number): Options {
  const chance = new Chance(seed ^ 0x2545f491);
  const memberCount = chance.oneOf(2, 3, 3, 3, 4, 5);
  const isSynchronous = chance.happens(0.75);
  return {
    seed,
    memberCount,
    isSynchronous,
    // A chance of its own, so that the rest of a seed's run does not hang on it.
    isFailsafe: new Chance(seed ^ 0x51ed270b).happens(0.5),
    synchronousNodeCount: chance.integer(1, 2),
    leaderTtlMs: chance.oneOf(2000, 3000, 4000, 6000),
    ...raceOptions(new Chance(seed ^ 0x51ed270b)),
    maximumLagBytes: chance.oneOf(1_048_576, 1_048_576, 2048),
    divergence: (seed & 2) === 0 ? 'keep' : 'hold',
    isBootstrapAsked: chance.happens(0.15),
    loopWaitMs: chance.oneOf(5000, 10_000),
    clockError: chance.happens(0.5) ? 1 / 12 : 0,
    networkDelayMs: chance.oneOf(0.2, 0.6, 3, 12),
    lossRate: chance.happens(0.4) ? chance.between(0, 0.02) : 0,
    slowRate: chance.happens(0.4) ? chance.between(0, 0.02) : 0,
    lostAnswerRate: chance.oneOf(0.001, 0.004, 0.02),
    habits: {
      commitMs: chance.oneOf(0.5, 2, 8),
      recoveryMsMax: chance.oneOf(300, 1500, 8000),
      replayMsMax: chance.oneOf(20, 500, 5000),
      replayLagMs: chance.oneOf(1, 20, 300),
      checkpointMsMax: chance.oneOf(100, 800, 4000),
      replicationTimeoutMs: chance.oneOf(5000, 15_000, 60_000),
      receiverRetryMs: chance.oneOf(200, 1000, 5000),
      promoteMsMax: chance.oneOf(40, 40, 1500),
      cloneMsMax: chance.oneOf(1000, 4000, 15_000),
      orphansMsMax: 3000,
      jobFailureRate: chance.happens(0.5) ? chance.between(0, 0.1) : 0,
      hookRate: chance.happens(0.4) ? chance.between(0, 1) : 0,
      hookFailureRate: chance.oneOf(0, 0.1, 0.4),
      walsenderReadMsMax: new Chance(seed ^ 0x1b873593).oneOf(8, 8, 300, 4000),
      marksWork: true,
      hasArchive: (seed & 1) === 0,
    },
    watchdog: chance.oneOf('off', 'off', 'automatic', 'required'),
    brokenWatchdogs: chance.happens(0.3) ? 1 : 0,
    clientCount: 3,
    thinkMs: 500,
    faultEveryMs: chance.between(12_000, 40_000),
    faultLengthMs: chance.between(3000, 25_000),
    leaderBias: chance.between(0.3, 0.8),
    ...slotOptionsOf(seed),
    faults: weights(chance),
    faultyMs: 600_000,
    healingMs: 180_000,
    isQuorum: chance.happens(0.5),
    isStrict: chance.happens(0.2),
    maximumLagOnSyncnodeBytes: chance.oneOf(-1, -1, -1, 4096),
  };
}

function raceOptions(
  chance: Chance,
): Pick<Options, 'primaryStartTimeoutMs' | 'primaryRaceBackoffMs' | 'checksTimeline'> {
  return {
    primaryStartTimeoutMs: chance.oneOf(20_000, 60_000, 300_000),
    primaryRaceBackoffMs: chance.oneOf(0, 0, 3000, 8000),
    checksTimeline: chance.happens(0.3),
  };
}

/** Each kind is left out of every third run, and else as likely as chance has it. */
function weights(chance: Chance): ReadonlyMap<FaultKind, number> {
  const chosen = FAULT_KINDS.map((kind): [FaultKind, number] => [
    kind,
    chance.happens(1 / 3) ? 0 : chance.between(0.2, 1),
  ]);
  return new Map(chosen.some(([, weight]) => weight > 0) ? chosen : FAULT_KINDS.map((kind) => [kind, 1]));
}
