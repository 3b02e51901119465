import type { WatchdogMode } from '../core/model/watchdog.ts';
import type { FaultKind } from './fault/kinds.ts';
import type { PgHabits } from './database/world.ts';

/** Everything about a run that its seed decides before it begins: a swarm, so that no run has a bit of everything. */
export interface Options {
  readonly seed: number;
  readonly memberCount: number;
  /** False: the guards of this run do nothing, and nothing is asked of them. */
  readonly isGuarded?: boolean;
  readonly isSynchronous: boolean;
  readonly synchronousNodeCount: number;
  /** Synchronous by quorum instead of by priority. */
  readonly isQuorum: boolean;
  readonly isStrict: boolean;
  readonly maximumLagOnSyncnodeBytes: number;
  readonly leaderTtlMs: number;
  readonly divergence: 'keep' | 'hold';
  readonly isFailsafe: boolean;
  readonly maximumLagBytes: number;
  readonly primaryStartTimeoutMs: number;
  readonly primaryRaceBackoffMs: number;
  readonly checksTimeline: boolean;
  /** No member may bootstrap unasked: the operator asks. */
  readonly isBootstrapAsked: boolean;
  readonly loopWaitMs: number;
  /** Members run with clocks up to this much fast or slow. */
  readonly clockError: number;
  readonly networkDelayMs: number;
  readonly lossRate: number;
  readonly slowRate: number;
  /** Of the store's answers. */
  readonly lostAnswerRate: number;
  readonly habits: PgHabits;
  /** Whether members use a watchdog device, and must have one to lead. */
  readonly watchdog: WatchdogMode;
  /** Devices that cannot be opened. */
  readonly brokenWatchdogs: number;
  readonly clientCount: number;
  readonly thinkMs: number;
  /** Mean time between two faults. */
  readonly faultEveryMs: number;
  /** Mean length of a fault that ends. */
  readonly faultLengthMs: number;
  /** Mean time between two spells in which programs of one machine stand still; undefined: there are none. */
  readonly pausesEveryMs?: number;
  /** How much likelier the leader is to be struck than another. */
  readonly leaderBias: number;
  readonly memberSlotsTtlS: number;
  /** As the configuration has them. */
  readonly permanentSlots: Readonly<Record<string, unknown>>;
  /** `replicatefrom` by member. */
  readonly upstreams: ReadonlyMap<string, string | undefined>;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How long somebody may lead on a disk that stands still, where that is looked for: it makes sense only without other faults. */
  readonly leaderHangsMsMax?: number;
  /** How long faults go on before everything heals. */
  readonly faultyMs: number;
  /** How long after that the cluster may take to be whole again. */
  readonly healingMs: number;
}
