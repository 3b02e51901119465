// An agent that carries on the reign of an earlier one does not know what that one had on its way to the store.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import {
  at,
  configKey,
  down,
  held,
  leaderKey,
  NOW_MS,
  observation,
  primary,
  syncOf,
  view,
} from '../../support/core-builders.ts';
import { callOf, decided, FAILSAFE, SERVING } from '../../support/failsafe-decisions.ts';

const WITHOUT_C = { value: { a: FAILSAFE.a, b: FAILSAFE.b }, revision: 12 };
const GUARDED = { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 } as const;

function led(more: Partial<ClusterView> = {}): ClusterView {
  return view({
    config: configKey({ failsafe_mode: true, synchronous_mode: 'on' }),
    leader: leaderKey('a'),
    failsafe: WITHOUT_C,
    status: { ...view().status, optime: at(1000) },
    ...more,
  });
}

describe('an adopted reign', () => {
  const adopted = decided({ cluster: led(), postgres: primary(), guard: GUARDED });
  const carriesOn = { cluster: led(), postgres: primary(), lease: held(), guard: GUARDED };

  test('asks nobody to carry the lead before it has written /failsafe itself: an earlier write may yet name more', () => {
    expect(adopted.rule).toBe('F10');
    const unsettled = new Set(['sync', 'failsafe'] as const);
    const next = decide(observation({ ...carriesOn, unsettled }), { ...adopted.memory, ...SERVING });
    expect(callOf(next)).toBeUndefined();
  });

  test('asks them once its own write is answered', () => {
    const unsettled = new Set(['failsafe'] as const);
    const before = decide(observation({ ...carriesOn, unsettled }), { ...adopted.memory, ...SERVING });
    const after = decide(observation(carriesOn), before.memory);
    expect(callOf(after)?.members.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  const sync = { value: syncOf('a', ['b']), revision: 20 };
  const unsettled = new Set(['sync'] as const);
  const asItStands = { kind: 'writeSync', reign: 10, value: sync.value, revision: 20 };

  test('starts no PostgreSQL that went before a late write of /sync is kept from landing', () => {
    const gone = decided({ cluster: led({ sync }), postgres: down(), lease: held(), unsettled }, SERVING);
    expect(gone.rule).toBe('P05');
    expect(gone.plan.steps).toEqual([asItStands]);
  });

  test('restarts none either', () => {
    const requests = [{ kind: 'restart', id: 1, wish: {} }] as const;
    const asked = decided({ ...carriesOn, cluster: led({ sync }), unsettled, requests }, SERVING);
    expect(asked.rule).toBe('P05');
  });

  test('starts it at once where the setting was its own, which the write was safe with', () => {
    const mem = { ...SERVING, syncNamesSet: 'b' };
    expect(decided({ cluster: led({ sync }), postgres: down(), lease: held(), unsettled }, mem).rule).toBe('D20');
  });

  test('starts it at once where no write is on its way', () => {
    expect(decided({ cluster: led({ sync }), postgres: down(), lease: held() }, SERVING).rule).toBe('D20');
  });
});
