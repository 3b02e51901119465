// A member without data, while nobody leads, and a program that needs no leader (no_leader).
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { FinishedJob, RunningJob } from '../../../src/core/model/job.ts';
import { leaderKey, member, memory, NOW_MS, observation, postgres, syncOf, view } from '../../support/core-builders.ts';

const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });
const self = { ...observation().self, restoresAlone: true };
const longAgo = { candidateSinceMs: NOW_MS - 30_000 };
const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: true };

function decided(cluster: Partial<ClusterView>, mem: Partial<Memory> = longAgo, restoresAlone = true) {
  const obs = observation({ postgres: empty, cluster: view(cluster), self: { ...self, restoresAlone } });
  return decide(obs, memory(mem));
}

describe('a member without data while nobody leads', () => {
  test('is restored from a backup (B75)', () => {
    const { rule, plan } = decided({});
    expect({ rule, steps: plan.steps }).toMatchObject({
      rule: 'B75',
      steps: [{ kind: 'startJob', job: { kind: 'clone', from: undefined } }],
    });
  });

  test.each<[string, Partial<ClusterView>, Partial<Memory>, string]>([
    [
      'somebody led a moment ago',
      {},
      { candidateSinceMs: NOW_MS - 29_000 },
      'restored from a backup if nobody does in 1 s',
    ],
    ['/sync counts on it', { sync: { value: syncOf('b', ['a']), revision: 5 } }, longAgo, 'which may lack commits'],
    ['the last restore failed', {}, { ...longAgo, holdOffMs: NOW_MS + 1_000 }, 'the last restore failed'],
  ])('but not while %s (B75)', (_name, cluster, mem, why) => {
    const decision = decided(cluster, mem);
    expect({ rule: decision.rule, steps: decision.plan.steps }).toEqual({ rule: 'B75', steps: [] });
    expect(decision.why).toContain(why);
  });

  test.each<[string, Partial<ClusterView>, boolean]>([
    ['no program of its file can do without a leader', {}, false],
    ['the store knows no cluster', { initialize: { value: undefined, revision: 0 } }, true],
    ['a bootstrap is under way', { initialize: { value: '', revision: 3 }, bootstrapper: 'b' }, true],
  ])('nor where %s', (_name, cluster, restoresAlone) => {
    expect(decided(cluster, longAgo, restoresAlone).rule).not.toBe('B75');
  });
});

test('a restore goes on when somebody leads, and is told of as what it was', () => {
  const cluster = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' })] });
  const job = { kind: 'clone', from: undefined, settings } as const;
  const running: RunningJob = { job, startedMs: 0, deadlineMs: NOW_MS * 2, progress: undefined, cancelled: false };
  const during = observation({ postgres: empty, cluster, self, job: running });
  expect(decide(during, memory()).rule).toBe('J20');
  const ended: FinishedJob = { job, outcome: { kind: 'done', facts: {} }, startedMs: 0, endedMs: NOW_MS };
  const { events } = decide(observation({ cluster, self, ended }), memory());
  expect(events.find(({ kind }) => kind === 'member.cloned')?.text).toBe('restored from a backup, without a leader');
});
