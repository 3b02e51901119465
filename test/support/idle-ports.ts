// Ports behind which nothing happens, for tests of the runtime: each says what it needs to be otherwise.
import type { Keys } from '../../src/core/layout/keys.ts';
import type { TakeOver } from '../../src/core/model/plan.ts';
import type { Postgres } from '../../src/ports/postgres.ts';
import type { Watchdog } from '../../src/ports/watchdog.ts';
import type { FakeStore } from './runtime-ports.ts';

const done = { kind: 'done', facts: {} } as const;

export function idlePostgres(change: Partial<Postgres> = {}): Postgres {
  return {
    observe: () => Promise.reject(new Error('not asked here')),
    onChange: () => undefined,
    run: () => Promise.resolve(done),
    applySettings: () => Promise.resolve(done),
    createSlot: () => Promise.resolve(done),
    dropSlot: () => Promise.resolve(done),
    advanceSlots: () => Promise.resolve(done),
    tendLogicalSlots: () => undefined,
    resumeReplay: () => Promise.resolve(done),
    notePause: () => Promise.resolve(done),
    kill: () => Promise.resolve(done),
    flushLsn: () => Promise.resolve(undefined),
    timelineHistory: () => Promise.resolve([]),
    divergences: () => Promise.resolve([]),
    discardDivergence: () => Promise.resolve(undefined),
    ...change,
  };
}

export const NO_WATCHDOG: Watchdog = {
  state: () => ({ kind: 'idle' }),
  arm: () => Promise.resolve({ kind: 'idle' }),
  keepAlive: () => undefined,
  disarm: () => ({ kind: 'idle' }),
};

/** What a decision at this moment would compare. */
export function takeOverNow(store: FakeStore, keys: Keys, change: Partial<TakeOver> = {}): TakeOver {
  const revision = (key: string): number => store.keys.get(key)?.modRevision ?? 0;
  return {
    reignRevision: revision(keys.reign),
    syncRevision: revision(keys.sync),
    configRevision: revision(keys.config),
    failoverRevision: revision(keys.failover),
    initializeRevision: revision(keys.initialize),
    lastRevision: revision(keys.last),
    lastLeaderMark: undefined,
    unguarded: false,
    from: undefined,
    priority: 1,
    pledges: [],
    sync: undefined,
    timeline: 7,
    leaderTtlMs: 6_000,
    ...change,
  };
}
