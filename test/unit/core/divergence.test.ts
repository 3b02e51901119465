// The contract's decision table (ha.md 3.3), row by row.
import { describe, expect, test } from 'vitest';
import { isCrashed, judgeDivergence, type LeaderLine, localEndOf } from '../../../src/core/recovery/divergence.ts';
import { at, control } from '../../support/core-builders.ts';

const rows = (...forks: readonly (readonly [timeline: number, lsn: number])[]): LeaderLine['history'] =>
  forks.map(([timeline, lsn]) => ({ timeline, lsn: at(lsn), reason: 'r' }));
const line = (timeline: number, ...forks: readonly (readonly [number, number])[]): LeaderLine => ({
  timeline,
  history: rows(...forks),
});
const standby = (timeline: number, lsn: number) => ({ position: { timeline, lsn: at(lsn) }, cleanPrimary: false });
const primary = (timeline: number, lsn: number, end?: number) => ({
  position: { timeline, lsn: at(lsn) },
  cleanPrimary: true,
  checkpointEnd: end === undefined ? undefined : at(end),
});

describe('what has diverged', () => {
  test.each([
    ['newer timeline than the leader', standby(3, 500), line(2, [1, 400]), 'diverged'],
    ['newer timeline than a leader on its first', standby(2, 500), line(1), 'diverged'],
    ['the leader’s own timeline', standby(2, 900), line(2, [1, 400]), 'none'],
    ['the leader’s first timeline', standby(1, 900), line(1), 'none'],
    [
      'a primary under the leader’s number, which a promotion by hand took',
      primary(2, 900, 950),
      line(2, [1, 400]),
      'unknown',
    ],
    ['a primary on the first timeline, as the leader is', primary(1, 900, 950), line(1), 'unknown'],
    ['standby short of the fork', standby(1, 399), line(2, [1, 400]), 'none'],
    ['standby right at the fork', standby(1, 400), line(2, [1, 400]), 'none'],
    ['standby beyond the fork', standby(1, 401), line(2, [1, 400]), 'diverged'],
    ['standby beyond an earlier fork', standby(1, 401), line(5, [1, 400], [3, 700]), 'diverged'],
    ['clean primary whose checkpoint begins at the fork', primary(1, 400, 450), line(2, [1, 400]), 'diverged'],
    ['clean primary whose checkpoint begins behind the fork', primary(1, 500, 550), line(2, [1, 400]), 'diverged'],
    ['clean primary whose checkpoint was taken over', primary(1, 400, 450), line(2, [1, 450]), 'none'],
    ['clean primary whose checkpoint ends elsewhere', primary(1, 400, 450), line(2, [1, 460]), 'diverged'],
    ['clean primary whose checkpoint’s end is unknown', primary(1, 400), line(2, [1, 450]), 'diverged'],
    ['timeline missing from the history, larger ones first', standby(2, 500), line(4, [1, 400], [3, 600]), 'diverged'],
    ['history cut off above the timeline (known failure 67)', standby(1, 500), line(4, [3, 600]), 'unknown'],
    ['history not told yet (known failure 70)', standby(1, 500), line(2), 'unknown'],
  ] as const)('%s', (_, local, leader, kind) => {
    expect(judgeDivergence(local, leader).kind).toBe(kind);
  });
});

describe('where the data end, by pg_control', () => {
  const recovered = { minRecoveryEndLsn: at(700), minRecoveryEndTimeline: 2 };
  test.each([
    ['shut down in recovery', { state: 'shut down in recovery', ...recovered }, standby(2, 700)],
    ['in archive recovery', { state: 'in archive recovery', ...recovered }, standby(2, 700)],
    ['shut down', { state: 'shut down', checkpointEndLsn: at(950) }, primary(1, 900, 950)],
    ['shut down in recovery before it replayed anything', { state: 'shut down in recovery' }, standby(1, 900)],
    ['in archive recovery without an end: a crashed primary', { state: 'in archive recovery' }, undefined],
    ['in production', { state: 'in production' }, undefined],
    ['shutting down', { state: 'shutting down' }, undefined],
    ['in crash recovery', { state: 'in crash recovery' }, undefined],
    ['starting up', { state: 'starting up' }, undefined],
  ] as const)('%s', (_, more, end) => {
    expect(localEndOf(control(more))).toEqual(end);
    expect(isCrashed(control(more))).toBe(end === undefined);
  });
});
