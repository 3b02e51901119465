import { type ChildProcess, spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdCluster } from '../../test/support/etcd-cluster.ts';
import type { Disturbance, Starvation, StoreElection, StoreHang } from './disturbances.ts';
import { moveStoreLead, storeLeader } from './store-members.ts';

const LOOPS_A_CORE = 8;
/** A starved etcd may be without a leader for a while. */
const LEADER_TRIES = 10;
const TRY_EVERY_MS = 500;

/** What was done. An election that could not be had counts as nothing. */
export interface Done {
  starvations: number;
  moves: number;
  stops: number;
  hangs: number;
}

/** Disturbs until the time is over or the signal comes; leaves nothing running or stopped. */
export class Disturber {
  readonly done: Done = { starvations: 0, moves: 0, stops: 0, hangs: 0 };
  readonly #etcd: EtcdCluster;
  readonly #signal: AbortSignal;
  readonly #loops = new Set<ChildProcess>();

  constructor(etcd: EtcdCluster, signal: AbortSignal) {
    this.#etcd = etcd;
    this.#signal = signal;
    // Each disturbance of the hour waits for its moment at once.
    setMaxListeners(0, signal);
  }

  async all(disturbances: readonly Disturbance[], lengthMs: number): Promise<void> {
    const beganMs = performance.now();
    const each = disturbances.map(async (disturbance) => {
      await this.#wait(beganMs + disturbance.atMs - performance.now());
      if (!this.#signal.aborted) await this.#one(disturbance);
    });
    await Promise.all([this.#wait(lengthMs), ...each]);
  }

  async #wait(ms: number): Promise<void> {
    await sleep(Math.max(0, ms), undefined, { signal: this.#signal }).catch(() => undefined);
  }

  async #one(disturbance: Disturbance): Promise<void> {
    if (disturbance.kind === 'starvation') await this.#starve(disturbance);
    else if (disturbance.kind === 'store-hang') await this.#hang(disturbance);
    else await this.#elect(disturbance);
  }

  async #starve({ lengthMs }: Starvation): Promise<void> {
    // setpriv: the kernel ends it with us, however we end.
    const loops = Array.from({ length: LOOPS_A_CORE * availableParallelism() }, () =>
      spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }),
    );
    for (const loop of loops) {
      loop.once('error', () => undefined);
      this.#loops.add(loop);
    }
    await this.#wait(lengthMs);
    for (const loop of loops) {
      loop.kill('SIGKILL');
      this.#loops.delete(loop);
    }
    this.done.starvations += 1;
  }

  async #hang({ member, lengthMs }: StoreHang): Promise<void> {
    const it = this.#etcd.members[member];
    it?.freeze();
    await this.#wait(lengthMs);
    it?.thaw();
    this.done.hangs += 1;
  }

  async #elect({ manner, lengthMs }: StoreElection): Promise<void> {
    for (let trial = 0; trial < LEADER_TRIES && !this.#signal.aborted; trial += 1) {
      if (manner === 'move' ? await this.#move() : await this.#stop(lengthMs)) return;
      await this.#wait(TRY_EVERY_MS);
    }
  }

  async #move(): Promise<boolean> {
    const isDone = await moveStoreLead(this.#etcd);
    if (isDone) this.done.moves += 1;
    return isDone;
  }

  async #stop(lengthMs: number): Promise<boolean> {
    const leader = await storeLeader(this.#etcd);
    if (leader === undefined) return false;
    leader.freeze();
    await this.#wait(lengthMs);
    leader.thaw();
    this.done.stops += 1;
    return true;
  }
}
