import type { Observation } from '../../core/model/observation.ts';
import type { Decision } from '../../core/model/plan.ts';
import type { Memory } from '../../core/model/memory.ts';
import type { Guard } from '../../ports/guard.ts';
import type { Peers, PromiseRequest } from '../../ports/peers.ts';
import type { Postgres } from '../../ports/postgres.ts';
import type { PromiseFile, PromiseGiven } from '../../ports/promises.ts';
import type { Store } from '../../ports/store.ts';
import type { Options } from '../options.ts';
import type { Process } from '../time/process.ts';

export type Decide = (observation: Observation, memory: Memory) => Decision;

export type GivePromise = (request: PromiseRequest) => Promise<PromiseGiven>;

/** A safety mechanism taken away, by bending what an adapter says or does, or what the core reads or decides. */
export interface Mutant {
  readonly name: string;
  /** What is gone. */
  readonly without: string;
  /** It takes many seeds to be caught, as other mechanisms stand in for it: left to `npm run soak:mutants`. */
  readonly isSlow?: true;
  /** Makes what the mechanism protects from more frequent. */
  readonly options?: (options: Options) => Options;
  /** Interrupted work is not noted beside the directory. */
  readonly marksNoWork?: true;
  /** The clock by which deadlines are told stands still while the machine does. */
  readonly clock?: 'stops-asleep';
  /** How long a guard takes, after a gap in its own time, to look at the deadline. */
  readonly guardAwakeMs?: number;
  readonly store?: (store: Store, process: Process) => Store;
  readonly guard?: (guard: Guard) => Guard;
  readonly postgres?: (postgres: Postgres, process: Process) => Postgres;
  readonly peers?: (peers: Peers) => Peers;
  readonly promiseFile?: (file: PromiseFile, process: Process) => PromiseFile;
  /** Who answers a leader that asks for a promise. */
  readonly promise?: (give: GivePromise) => GivePromise;
  /** Called once for each agent. */
  readonly decide?: (decide: Decide) => Decide;
}
