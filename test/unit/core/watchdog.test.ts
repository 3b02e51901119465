// The watchdog device as the core decides about it: armed before writes, disarmed only once nobody is left to write, and what a
// member may not do without one that is required.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import { NO_HEALTH } from '../../../src/core/model/health.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import type { WatchdogMode, WatchdogState } from '../../../src/core/model/watchdog.ts';
import { resetByMs, watchdogTimeout } from '../../../src/core/settings/watchdog-timeout.ts';
import {
  configKey,
  down,
  held,
  leaderKey,
  member,
  memory,
  observation,
  primary,
  standby,
  view,
} from '../../support/core-builders.ts';

const leaderView = view({ leader: leaderKey('a'), reign: { value: { name: 'a', timeline: 2 }, revision: 10 } });
const armed: WatchdogState = { kind: 'armed', timeoutS: 4 };
const unusable: WatchdogState = { kind: 'unusable', why: '/dev/watchdog cannot be written: ENOENT' };

function seen(mode: WatchdogMode, more: Parameters<typeof observation>[0]): Observation {
  const base = observation({ lease: held(), cluster: leaderView, ...more });
  return { ...base, self: { ...base.self, watchdog: { mode, safetyMarginS: 5 } } };
}

const serving = memory({ servingReign: 10, role: 'primary' });
const kinds = (made: ReturnType<typeof decide>): readonly string[] => made.plan.steps.map(({ kind }) => kind);

describe('the timeout', () => {
  test.each([
    [{ ttlMs: 21_000, leaderTtlMs: 24_000, safetyMarginS: 5 }, 16],
    [{ ttlMs: 20_000, leaderTtlMs: 24_000, safetyMarginS: 5 }, 15],
    [{ ttlMs: 30_000, leaderTtlMs: 60_000, safetyMarginS: 5 }, 25],
    [{ ttlMs: 30_000, leaderTtlMs: 60_000, safetyMarginS: -1 }, 15],
    [{ ttlMs: 30_000, leaderTtlMs: 6_000, safetyMarginS: 5 }, 4],
    [{ ttlMs: 30_000, leaderTtlMs: 3_000, safetyMarginS: 5 }, 2],
  ])('%j is %i s', (timings, timeoutS) => {
    expect(watchdogTimeout(timings)).toEqual({ kind: 'fits', timeoutS });
    // Armed at the latest moment that is allowed, it fires before the lease can be anybody else's.
    expect(timeoutS * 1000).toBeLessThanOrEqual(resetByMs(0, timings.leaderTtlMs));
  });

  test.each([
    [{ ttlMs: 30_000, leaderTtlMs: 2_000, safetyMarginS: 5 }, /too short/],
    [{ ttlMs: 20_000, leaderTtlMs: 6_000, safetyMarginS: 20 }, /leaves nothing/],
  ])('%j cannot be had', (timings, why) => {
    const made = watchdogTimeout(timings);
    expect(made.kind === 'unfit' && why.test(made.why)).toBe(true);
  });
});

describe('a member that has taken the key', () => {
  test('arms the watchdog before it promotes', () => {
    const made = decide(seen('automatic', { postgres: standby() }), memory());
    expect([made.rule, made.plan.steps]).toEqual(['W20', [{ kind: 'armWatchdog', timeoutS: 4 }]]);
    expect(decide(seen('automatic', { postgres: standby(), watchdog: armed }), made.memory).rule).toBe('L40');
  });

  test('does without one that is not there, unless it is required', () => {
    expect(decide(seen('automatic', { postgres: standby(), watchdog: unusable }), memory()).rule).toBe('L40');
    expect(decide(seen('off', { postgres: standby() }), memory()).rule).toBe('L40');
    const made = decide(seen('required', { postgres: standby(), watchdog: unusable }), memory());
    expect([made.rule, kinds(made)]).toEqual(['W30', ['releaseKey']]);
  });

  test('and already serves is stopped at once where the required one fails', () => {
    const made = decide(seen('required', { postgres: primary(), watchdog: unusable }), serving);
    expect(made.rule).toBe('W30');
    expect(made.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'stop', mode: 'immediate' } }]);
  });

  test('changes the timeout with the configuration', () => {
    const changed = { ...leaderView, config: configKey({ ttl: 20, loop_wait: 5, retry_timeout: 5 }) };
    const lease = { ...held(), ttlMs: 60_000 } as const;
    const before = memory({ ...serving, watchdogSetS: 25 });
    const made = decide(
      seen('automatic', {
        cluster: changed,
        lease,
        postgres: primary(),
        watchdog: { kind: 'armed', timeoutS: 25 },
      }),
      before,
    );
    expect(made.plan.steps).toEqual([{ kind: 'armWatchdog', timeoutS: 15 }]);
  });

  test('leaves a device alone that has made a shorter timeout of it', () => {
    const shorter: WatchdogState = { kind: 'armed', timeoutS: 3 };
    const made = decide(
      seen('automatic', { postgres: primary(), watchdog: shorter }),
      memory({ ...serving, watchdogSetS: 4 }),
    );
    expect(made.rule).not.toBe('W20');
  });
});

describe('the watchdog is disarmed', () => {
  const following = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' })] });

  test('once PostgreSQL is gone, and not before the last of its processes is (known failure 2)', () => {
    const gone = { cluster: following, lease: { kind: 'none' }, watchdog: armed } as const;
    expect(decide(seen('automatic', { ...gone, postgres: down() }), memory()).rule).toBe('W10');
    const left = { ...down(), health: { ...NO_HEALTH, leftovers: 2 } };
    expect(kinds(decide(seen('automatic', { ...gone, postgres: left }), memory()))).not.toContain('disarmWatchdog');
  });

  test('not while the lease is held: a leader that restarts keeps it', () => {
    const made = decide(seen('automatic', { postgres: down(), watchdog: armed }), serving);
    expect(kinds(made)).not.toContain('disarmWatchdog');
  });

  test('for a standby, in pause, and when it is switched off', () => {
    const lost = { cluster: following, lease: { kind: 'none' } } as const;
    expect(decide(seen('automatic', { ...lost, postgres: standby(), watchdog: armed }), memory()).rule).toBe('W10');
    const paused = { ...leaderView, config: configKey({ pause: true }) };
    expect(decide(seen('automatic', { cluster: paused, postgres: primary(), watchdog: armed }), serving).rule).toBe(
      'W10',
    );
    expect(decide(seen('off', { postgres: primary(), watchdog: armed }), serving).rule).toBe('W10');
  });

  test('before the agent ends', () => {
    const made = decide(
      seen('automatic', {
        postgres: down({ state: 'shut down' }),
        watchdog: armed,
        requests: [{ kind: 'shutdown', id: 1 }],
      }),
      serving,
    );
    expect(kinds(made)).toEqual(['releaseKey', 'disarmWatchdog', 'exit']);
  });
});

describe('without the watchdog that is required', () => {
  test('nobody stands for election', () => {
    const nobody = { cluster: view(), lease: { kind: 'none' }, watchdog: unusable } as const;
    const made = decide(seen('required', { ...nobody, postgres: standby() }), memory({ candidateSinceMs: 0 }));
    expect(kinds(made)).not.toContain('takeKey');
  });

  test('nobody makes a cluster', () => {
    const none = view({ initialize: { value: undefined, revision: 0 }, members: [] });
    const empty = { ...down(), data: { kind: 'empty' } } as const;
    const made = decide(
      seen('required', { cluster: none, lease: { kind: 'none' }, postgres: empty, watchdog: unusable }),
      memory(),
    );
    expect(kinds(made)).toEqual([]);
    expect(made.why).toMatch(/watchdog is required/);
  });
});
