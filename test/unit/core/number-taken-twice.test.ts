// A promotion by hand and a reign that did not know of it took one timeline number: the former primary of the one meets the other.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Job } from '../../../src/core/model/job.ts';
import type { ControlState } from '../../../src/core/model/local-postgres.ts';
import {
  at,
  configKey,
  down,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  view,
} from '../../support/core-builders.ts';

/** Fork and number are the same, as of two standbys that had all of one primary's WAL. */
function decided(timeline: number, mem: Partial<Memory> = {}, state: ControlState = 'shut down') {
  const history = timeline === 1 ? [] : [{ timeline: timeline - 1, lsn: at(400), reason: '' }];
  const cluster = view({
    leader: leaderKey('b'),
    config: configKey({ postgresql: { use_pg_rewind: true } }),
    members: [member('a'), member('b', { role: 'primary', timeline })],
    history: { value: history, revision: 11 },
  });
  const ends = { checkpointTimeline: timeline, minRecoveryEndTimeline: timeline, minRecoveryEndLsn: at(900) };
  const postgres = down({ state, checkpointEndLsn: at(950), ...ends }, state !== 'shut down');
  const { rule, why, plan } = decide(observation({ postgres, cluster }), memory(mem));
  const [step] = plan.steps;
  const job: Job | undefined = step?.kind === 'startJob' ? step.job : undefined;
  return { rule, why, job };
}

const recorded = (verdict: 'none' | 'diverged') => ({
  recorded: { id: 'x', verdict, isHeld: false, leader: 'b', atMs: NOW_MS },
});

describe.each([1, 2])('a former primary on timeline %i, as the leader is', (timeline) => {
  test('does not follow before the leader’s server was asked (D55)', () => {
    expect(decided(timeline)).toMatchObject({ rule: 'D55', job: { kind: 'recordDivergence' } });
  });

  test('is never rewound, for which there is nothing to do by its numbers, but put aside and cloned (D60)', () => {
    const { rule, why, job } = decided(timeline, recorded('diverged'));
    expect({ rule, job }).toMatchObject({ rule: 'D60', job: { kind: 'setAside', work: 'diverged', record: 'x' } });
    expect(why).toContain('pg_rewind goes by the numbers of timelines');
  });

  test('follows where its end is in the leader’s WAL, as that of a copy is (D70)', () => {
    expect(decided(timeline, recorded('none'))).toMatchObject({ rule: 'D70', job: { kind: 'startStandby' } });
  });

  test('a standby of that timeline follows as ever (D70)', () => {
    expect(decided(timeline, {}, 'shut down in recovery')).toMatchObject({
      rule: 'D70',
      job: { kind: 'startStandby' },
    });
  });
});
