// The planner of synchronous replication, driven through random lives of a cluster against a naive model of who holds what: every
// interruption, settings that are in force here and not there, writes that land late, agents that forget. After every step any
// quorum of /sync must include a holder of every acknowledged commit.
import { describe, expect, test } from 'vitest';
import type { SyncState } from '../../src/core/model/cluster.ts';
import type { Sender } from '../../src/core/model/local-postgres.ts';
import { lsn } from '../../src/core/model/lsn.ts';
import { planSync } from '../../src/core/sync/plan-sync.ts';
import type { SyncInput, SyncMove } from '../../src/core/sync/sync-move.ts';
import { parseSyncNames, type SyncNames } from '../../src/core/sync/sync-names.ts';
import { Chance } from '../../src/sim/time/chance.ts';
import { primaryStatus, sender } from '../support/core-builders.ts';
import { syncInput, syncMember } from '../support/sync-input.ts';

const OTHERS = ['b', 'c', 'd', 'Pg-5'];
const MEMBERS = OTHERS.map((name) => syncMember(name, { nofailover: name === 'd' }));
const LIVES = 1_000;
const STEPS = 120;
const REST = 60;

/** The same few settings come again and again. */
const PARSED = new Map<string, SyncNames>();

function namesIn(text: string): SyncNames {
  const names = PARSED.get(text) ?? parseSyncNames(text);
  PARSED.set(text, names);
  return names;
}

interface Standby {
  isConnected: boolean;
  held: number;
}

class World {
  readonly chance: Chance;
  readonly standbys = new Map<string, Standby>(OTHERS.map((name) => [name, { isConnected: false, held: 0 }]));
  readonly log: SyncMove[] = [];
  sync: SyncState = { leader: undefined, voters: [], quorum: 0 };
  revision = 1;
  /** Settings that some process of the server still goes by; the last is what SHOW tells. */
  settings: string[] = [''];
  lateOne = 0;
  written = 0;
  acknowledged = 0;
  mode: 'on' | 'quorum' = 'quorum';
  count = 1;
  strict = false;
  mark: SyncInput['mark'];
  lastSet: string | undefined;
  isUnsettled = false;
  landing: { readonly value: SyncState; readonly revision: number } | undefined;

  constructor(chance: Chance) {
    this.chance = chance;
  }

  get text(): string {
    return this.settings.at(-1) ?? '';
  }

  /** Who still goes by a former setting: a walsender, if one streams, or the checkpointer. */
  get late(): string | undefined {
    if (this.settings.length === 1) return undefined;
    const streaming = OTHERS.filter((name) => this.standbys.get(name)?.isConnected === true);
    return ['the checkpointer', ...streaming].at(this.lateOne % (streaming.length + 1));
  }

  input(): SyncInput {
    const listed = namesIn(this.text).names;
    const senders = [...this.standbys].flatMap(([name, { isConnected, held }]): Sender[] => {
      const position = lsn(held);
      const hasReadSettings = this.late !== name;
      const row = { flushLsn: position, writeLsn: position, replayLsn: position, slot: name, hasReadSettings };
      return isConnected ? [sender(name, { ...row, syncPriority: listed.includes(name) ? 1 : 0 })] : [];
    });
    const { mode, count, strict, mark, lastSet } = this;
    return syncInput({
      sync: { value: this.sync, revision: this.revision },
      primary: primaryStatus({
        flushLsn: lsn(this.written),
        senders,
        sync: {
          names: this.text,
          synchronousCommit: 'on',
          checkpointerIdleSinceReload: this.late !== 'the checkpointer',
        },
      }),
      members: MEMBERS,
      slotOf: (name) => name,
      mode,
      count,
      strict,
      mark,
      lastSet,
      unsettled: this.isUnsettled,
    });
  }

  /** Commits as many as any setting that is still in use lets through. */
  commit(): void {
    this.written += this.chance.integer(1, 3);
    for (const each of this.standbys.values())
      if (each.isConnected && this.chance.happens(0.5)) each.held = this.chance.integer(each.held, this.written);
    if (this.sync.leader === undefined) return;
    for (const text of this.settings) {
      const { names, count } = namesIn(text);
      const isBlocked = text.includes('placeholder');
      const held = names.map((name) => this.standbys.get(name)).filter((each) => each?.isConnected === true);
      const positions = held.map((each) => each?.held ?? 0).toSorted((x, y) => y - x);
      const reached = text === '' ? this.written : isBlocked ? 0 : (positions[count - 1] ?? 0);
      this.acknowledged = Math.max(this.acknowledged, reached);
    }
  }

  /** Whether the agent learns that it was done. */
  write(value: SyncState, isSmooth: boolean): boolean {
    const { chance } = this;
    if (!isSmooth && chance.happens(0.08)) {
      this.landing = { value, revision: this.revision };
      this.isUnsettled = true;
      return false;
    }
    this.sync = value;
    this.revision += 1;
    const isTold = isSmooth || chance.happens(0.95);
    this.isUnsettled = !isTold;
    return isTold;
  }

  land(): void {
    if (this.landing?.revision === this.revision) {
      this.sync = this.landing.value;
      this.revision += 1;
    }
    this.landing = undefined;
  }

  obey(move: SyncMove | undefined, isSmooth: boolean): void {
    if (move === undefined) return;
    this.log.push(move);
    if (move.mark !== undefined) this.mark = move.mark ?? undefined;
    if (move.setNames !== undefined) this.lastSet = move.setNames ?? undefined;
    if (move.writeSync !== undefined) {
      if (!this.write(move.writeSync, isSmooth)) return;
    }
    if (move.setNames === undefined || (!isSmooth && this.chance.happens(0.1))) return;
    this.settings.push(move.setNames ?? '');
    this.lateOne = this.chance.integer(0, OTHERS.length);
  }

  trouble(): void {
    const { chance } = this;
    const victim = this.standbys.get(chance.pick(OTHERS) ?? '');
    if (victim !== undefined && chance.happens(0.25)) victim.isConnected = !victim.isConnected;
    if (chance.happens(0.5)) this.settings = [this.text];
    if (chance.happens(0.1)) this.land();
    if (chance.happens(0.04)) this.count = chance.integer(1, 3);
    if (chance.happens(0.04)) this.mode = chance.happens(0.5) ? 'on' : 'quorum';
    if (chance.happens(0.03)) this.strict = !this.strict;
    if (chance.happens(0.02)) {
      this.mark = undefined;
      this.lastSet = undefined;
      this.land();
      this.isUnsettled = false;
    }
  }

  /** Who could elect, and lacks an acknowledged commit; undefined: nobody can. */
  lacking(): string | undefined {
    if (this.sync.leader === undefined) return undefined;
    const without = this.sync.voters.filter((name) => (this.standbys.get(name)?.held ?? 0) < this.acknowledged);
    if (without.length <= this.sync.quorum) return undefined;
    return `${without.join(', ')} lack ${this.acknowledged} and suffice: ${JSON.stringify(this.sync)}; setting ${this.settings.join(' | ')}\n${this.lastMoves(12)}`;
  }

  lastMoves(count: number): string {
    const lines = this.log
      .slice(-count)
      .map(({ why, writeSync, setNames }) => `${why}: ${JSON.stringify({ sync: writeSync, set: setNames })}`);
    return lines.join('\n');
  }

  /** Nothing troubles it any more. */
  calm(): void {
    this.land();
    this.settings = [this.text];
    for (const each of this.standbys.values()) if (each.isConnected) each.held = this.written;
  }
}

function live(seed: number): string | undefined {
  const world = new World(new Chance(seed));
  world.mode = world.chance.happens(0.5) ? 'on' : 'quorum';
  for (let step = 0; step < STEPS; step += 1) {
    world.trouble();
    world.commit();
    world.obey(planSync(world.input()), false);
    const lack = world.lacking();
    if (lack !== undefined) return `life ${seed}, step ${step}: ${lack}`;
  }
  return rest(world, seed);
}

function rest(world: World, seed: number): string | undefined {
  for (let step = 0; step < REST; step += 1) {
    world.calm();
    const move = planSync(world.input());
    if (move === undefined || move.holds === true) return atRest(world, seed);
    world.obey(move, true);
    world.commit();
    const lack = world.lacking();
    if (lack !== undefined) return `life ${seed}, at rest: ${lack}`;
  }
  return `life ${seed} does not come to rest\n${world.lastMoves(8)}`;
}

function atRest(world: World, seed: number): string | undefined {
  const connected = OTHERS.filter((name) => world.standbys.get(name)?.isConnected === true);
  if (connected.length === 0 && world.strict) return undefined;
  const able = connected.filter((name) => name !== 'd');
  const active = able.length < world.count ? connected : able;
  const size = world.mode === 'quorum' ? active.length : Math.min(world.count, connected.length);
  const { voters, quorum } = world.sync;
  const { names, count } = namesIn(world.text);
  const n = Math.min(world.count, active.length);
  const isDone =
    voters.length === size &&
    names.length === size &&
    voters.every((name) => names.includes(name) && connected.includes(name)) &&
    count === n &&
    quorum === (world.mode === 'quorum' ? active.length - n : 0);
  return isDone
    ? undefined
    : `life ${seed} rests at ${JSON.stringify(world.sync)} with ${world.text}, ${connected.join(' ')} connected, ${world.mode} ${world.count}`;
}

describe(`${LIVES} lives of a leader`, () => {
  test('acknowledged commits stay electable after every step, and the target is reached', () => {
    const wrong = Array.from({ length: LIVES }, (_, seed) => live(seed + 1)).filter((text) => text !== undefined);
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});
