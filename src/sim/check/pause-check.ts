import type { GuardState } from '../../ports/guard.ts';
import type { PgHost } from '../database/world.ts';
import { type Change, keyOf } from '../keystore/state.ts';
import type { Ledger } from './ledger.ts';

/** Every agent that can be reached has heard of a mark within this time, and whoever was about to kill has done so. */
const SETTLED_MS = 3000;

export interface PauseScene {
  readonly ledger: () => Ledger;
  readonly nowMs: () => number;
  readonly hosts: ReadonlyMap<string, PgHost>;
  /** away: it was killed, and what it was told has not run out yet. */
  readonly guardOf: (name: string) => GuardState['kind'] | 'away';
  /** For so long the agent of a member has run without a stop. */
  readonly isAgentSettled: (name: string, lengthMs: number) => boolean;
  readonly fail: (invariant: string, text: string) => void;
}

/** Paused: no automatic role change, and nothing fences; nothing writes without a guard that is not known of (I9). */
export class PauseCheck {
  private readonly scene: PauseScene;
  private pausedSinceMs: number | undefined;

  constructor(scene: PauseScene) {
    this.scene = scene;
  }

  /** To be called before the ledger takes note of the change: a take-over also clears what it was asked by. */
  checkReign(change: Change): void {
    const ledger = this.scene.ledger();
    this.notePause(ledger.isPaused);
    for (const event of change.events) {
      if (keyOf(event) === ledger.keys.leader && event.kind === 'put') this.checkTaker(event.keyValue.value, ledger);
    }
  }

  /** Whether its writes are known to be unguarded: the guard has nothing to say about them. */
  isExcused(host: PgHost): boolean {
    return host.server?.isByHand === true || this.scene.ledger().marks.has(host.name);
  }

  checkWrite(host: PgHost): void {
    // From then on it is this agent's, like any other.
    if (host.server !== undefined && this.scene.guardOf(host.name) === 'armed') host.server.isByHand = false;
    if (this.scene.guardOf(host.name) === 'disarmed' && !this.isExcused(host))
      this.scene.fail('I9', `${host.name} accepts a write without a guard, and no mark says so`);
  }

  /** The mark was written by an agent that knew of the pause. */
  checkFenced(host: PgHost): void {
    const { ledger, nowMs, fail } = this.scene;
    const { isPaused, marks } = ledger();
    this.notePause(isPaused);
    if (!isPaused || !marks.has(host.name) || host.server?.role !== 'primary') return;
    // Whoever stood still between the mark and its word to the guard has a guard that knows of no pause.
    const isSettled = this.scene.isAgentSettled(host.name, SETTLED_MS);
    if (!isSettled || nowMs() - (this.pausedSinceMs ?? nowMs()) < SETTLED_MS) return;
    fail('I9', `${host.name} is fenced in pause`);
  }

  private notePause(isPaused: boolean): void {
    if (!isPaused) this.pausedSinceMs = undefined;
    else this.pausedSinceMs ??= this.scene.nowMs();
  }

  private checkTaker(name: string, ledger: Ledger): void {
    if (ledger.named === name || this.isPrimary(name)) return;
    const { fail } = this.scene;
    if (ledger.isPaused) fail('I9', `${name} takes the key in pause, a standby that nobody has named`);
    const last = ledger.reigns.at(-1)?.name;
    if (last !== undefined && last !== name && ledger.marks.has(last) && this.isPrimary(last))
      fail('I9', `${name} takes the key while ${last}, unguarded, runs as a primary`);
  }

  private isPrimary(name: string): boolean {
    return this.scene.hosts.get(name)?.server?.role === 'primary';
  }
}
