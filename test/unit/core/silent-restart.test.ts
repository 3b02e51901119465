// PostgreSQL goes while the store is silent: whoever still leads, by its lease or by the members' leave, serves again.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import { NO_HEALTH } from '../../../src/core/model/health.ts';
import type { LeaseState, Observation } from '../../../src/core/model/observation.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
import { seen as seenNow, unknown } from '../../../src/core/model/seen.ts';
import { config, down, held, memory, NOW_MS, observation, primary, standby } from '../../support/core-builders.ts';

const SERVING = {
  servingReign: 10,
  checkpointReign: 10,
  historyReign: 10,
  statusAtMs: NOW_MS,
  syncNamesSeen: '',
} as const;
const STOPPED: NonNullable<Memory['switchover']> = {
  reign: 10,
  revision: 6,
  candidate: 'b',
  shutdownLsn: undefined,
  stoppedMs: NOW_MS - 20_000,
  releasedMs: undefined,
};

function gone(
  mode: 'off' | 'on' | 'standby',
  mem: Partial<Memory> = {},
  lease: LeaseState = held(),
  seen: Partial<Omit<Observation, 'cluster'>> = {},
): Decision {
  const more = mode === 'standby' ? { standby_cluster: { host: 'x' } } : { synchronous_mode: mode };
  const lastConfig = config({ failsafe_mode: true, ...more });
  const obs = observation({ postgres: down(), lease, cluster: unknown('the store does not answer'), ...seen });
  return decide(obs, memory({ lastConfig, ...SERVING, ...mem }));
}

function namesIn({ plan }: Decision): string | undefined {
  const [step] = plan.steps;
  return step?.kind === 'startJob' && step.job.kind === 'startPrimary' ? step.job.settings.syncNames : 'no start';
}

describe('a primary that went while the store is silent', () => {
  test('is started again under the lease', () => {
    const decision = gone('off');
    expect(decision.rule).toBe('U15');
    expect(namesIn(decision)).toBeUndefined();
    expect(decision.events.map(({ kind }) => kind)).toEqual(['postgres.crashed']);
  });

  test('with commits waiting for whom they waited, not for whom they were to: /sync may not have followed', () => {
    expect(namesIn(gone('on', { syncNamesSeen: 'ANY 1 (b,c)', syncNamesSet: 'b' }))).toBe('ANY 1 (b,c)');
    expect(namesIn(gone('on'))).toBeUndefined();
  });

  test('whom they wait for is known of the reign that is held, and of no other', () => {
    const sync = { names: 'b', synchronousCommit: 'on', checkpointerIdleSinceReload: true };
    const seen = decide(observation({ postgres: primary({ sync }), lease: held() }), memory(SERVING));
    expect(seen.memory.syncNamesSeen).toBe('b');
    expect(decide(observation({ postgres: standby() }), seen.memory).memory.syncNamesSeen).toBeUndefined();
  });

  test.each([
    ['who is to be waited for is not known', 'on', { syncNamesSeen: undefined }, held()],
    ['the cluster has come to follow another', 'standby', {}, held()],
    ['no lease is held', 'off', {}, { kind: 'none' }],
    ['it has not served in this reign', 'off', { servingReign: undefined }, held()],
    ['a start has just failed', 'off', { holdOffMs: NOW_MS + 500 }, held()],
    ['it was stopped a moment ago to be handed over', 'off', { switchover: { ...STOPPED, stoppedMs: NOW_MS } }, held()],
    ['the key may be given away', 'off', { switchover: { ...STOPPED, releasedMs: NOW_MS - 9_000 } }, held()],
    ['heirs may stand in /sync', 'on', { syncNamesSeen: 'b', switchover: STOPPED }, held()],
  ] as const)('is left down where %s', (_, mode, mem, lease) => {
    expect(gone(mode, mem, lease).rule).not.toBe('U15');
  });

  test('is left down where a release whose outcome is not known may have let another member lead', () => {
    expect(gone('off', {}, held(), { unsettled: new Set(['release']) }).rule).toBe('U30');
  });

  test('is left down where it may not lead for want of its watchdog', () => {
    const { self } = observation();
    const watchdog = { kind: 'unusable', why: 'no such device' } as const;
    const required = { ...self, watchdog: { mode: 'required', safetyMarginS: 5 } } as const;
    expect(gone('off', {}, held(), { self: required, watchdog }).rule).toBe('U30');
  });

  test('is left down where a start would hang in its storage', () => {
    const volume = { use: 'data', path: '/data', state: 'readOnly', sinceMs: NOW_MS - 60_000 } as const;
    const health = { ...NO_HEALTH, storage: seenNow([{ ...volume, freeBytes: 0, why: undefined }], NOW_MS) };
    expect(gone('off', {}, held(), { postgres: { ...down(), health } }).rule).toBe('U30');
  });

  test('is taken back from a hand-over that the silence keeps from ending', () => {
    expect(gone('off', { switchover: STOPPED }).rule).toBe('U15');
  });
});
