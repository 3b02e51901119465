// Rules whose work is to wait, to put away or to leave alone: what they keep from happening is seen only where they are missing.
import { describe } from 'vitest';
import { NO_HEALTH } from '../../../src/core/model/health.ts';
import { unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  down,
  held,
  leaderKey,
  member,
  NOW_MS,
  observation,
  pledgeOf,
  postgres,
  primary,
  standby,
  view,
} from '../../support/core-builders.ts';
import { type RuleCase, ruleTable } from '../../support/rule-cases.ts';

const silent = unknown('the store does not answer');
const armed = { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 } as const;
const ledByB = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' }), member('c')] });
const ledByA = view({ leader: leaderKey('a') });
const pledged = [pledgeOf('a', 1000)];

const CASES: readonly RuleCase[] = [
  {
    name: 'who asked for the new cluster is told that it serves',
    obs: observation({ postgres: primary(), lease: held(), cluster: view({ leader: leaderKey('a') }) }),
    mem: { bootstrapRequest: 7, servingReign: 10 },
    rule: 'B20',
    steps: ['answer'],
  },
  {
    name: 'who leads and finds its data gone lets others lead',
    obs: observation({
      postgres: postgres({ postmaster: undefined, data: { kind: 'empty' } }),
      lease: held(),
      cluster: view({ leader: leaderKey('a') }),
    }),
    mem: { servingReign: 10, role: 'primary' },
    rule: 'B05',
    steps: ['releaseKey'],
  },
  {
    name: 'what may have been released is not started again, whoever could lead',
    obs: observation({ postgres: down(), lease: held(), cluster: ledByA, unsettled: new Set(['release']) }),
    mem: { servingReign: 10 },
    rule: 'L15',
    steps: ['releaseKey'],
  },
  {
    name: 'who may have released the key is not promoted any more',
    obs: observation({
      postgres: standby(),
      lease: held(),
      cluster: view({ leader: leaderKey('a'), reign: { value: { name: 'a', timeline: 2 }, revision: 10 } }),
      unsettled: new Set(['release']),
    }),
    rule: 'L15',
    steps: ['releaseKey'],
  },
  {
    name: 'whom a switchover names does not lead without what the old leader wrote to its end',
    obs: observation({
      postgres: standby(),
      cluster: view({
        pledges: pledged,
        failover: { value: { leader: 'b', candidate: 'a' }, revision: 30 },
        status: { ...view().status, optime: at(2_000_000) },
        last: { value: { name: 'b', reign: 10, timeline: 1, lsn: at(2_000_000), final: true }, revision: 31 },
      }),
      vacancy: { sinceMs: NOW_MS - 100, previous: { name: 'b', reign: 10, leaseTtlMs: 6_000 }, manner: 'released' },
    }),
    mem: { candidateSinceMs: NOW_MS - 5_000, pledge: { reign: 10, position: { timeline: 1, lsn: at(1000) } } },
    rule: 'V70',
    steps: [],
  },
  {
    name: 'a lost lease keeps its guard while sessions outlive their postmaster',
    obs: observation({
      postgres: { ...down({ state: 'in production' }), health: { ...NO_HEALTH, leftovers: 2 } },
      lease: { kind: 'lost', reign: 10, why: 'the key is gone' },
      cluster: view(),
    }),
    rule: 'H10',
    steps: ['fence'],
  },
  {
    name: 'sessions that outlive their postmaster are killed also while a checkpoint there has not come to its end',
    obs: observation({
      postgres: { ...down({ state: 'in production' }), health: { ...NO_HEALTH, leftovers: 2 } },
      lease: { kind: 'lost', reign: 10, why: 'the key is gone' },
      cluster: view(),
      job: { job: { kind: 'checkpoint' }, startedMs: 0, deadlineMs: 2 * NOW_MS, progress: undefined, cancelled: false },
    }),
    rule: 'H10',
    steps: ['fence'],
  },
  {
    name: 'who handed over stays down while the candidate takes the key',
    obs: observation({ postgres: down({ state: 'shut down' }), cluster: view() }),
    mem: {
      switchover: {
        reign: 10,
        revision: 5,
        candidate: 'b',
        shutdownLsn: at(900),
        stoppedMs: NOW_MS - 300,
        releasedMs: NOW_MS - 100,
      },
    },
    rule: 'D30',
    steps: [],
  },
  {
    name: 'a start that failed is not tried again at once',
    obs: observation({ postgres: down({ state: 'shut down in recovery' }, true), cluster: ledByB }),
    mem: { holdOffMs: NOW_MS + 700, role: 'replica' },
    rule: 'D40',
    steps: [],
  },
  {
    name: 'a primary under the guard of an earlier agent is left alone until the store answers',
    obs: observation({ postgres: primary(), guard: armed, cluster: silent }),
    rule: 'F20',
    steps: [],
  },
  {
    name: 'a guard armed over a server that is down stands down',
    obs: observation({ postgres: down({ state: 'shut down' }), guard: armed, cluster: ledByB }),
    rule: 'F50',
    steps: ['disarmGuard'],
  },
  {
    name: 'a guard armed over a standby may hide a promote signal on its way: killed, then disarmed',
    obs: observation({ postgres: standby(), guard: armed, cluster: ledByB }),
    rule: 'F50',
    steps: ['fence', 'disarmGuard'],
  },
  {
    name: 'nobody leads a cluster that another member is still initialising',
    obs: observation({
      postgres: standby(),
      cluster: view({ initialize: { value: '', revision: 3 }, bootstrapper: 'c', pledges: pledged }),
    }),
    mem: { pledge: { reign: 10, position: { timeline: 1, lsn: at(1000) } } },
    rule: 'V40',
    steps: [],
  },
  {
    name: 'who is further behind than allowed does not lead',
    obs: observation({
      postgres: standby(),
      cluster: view({ pledges: pledged, status: { optime: at(1000 + 1_048_577), slots: {}, retainSlots: [] } }),
      vacancy: {
        sinceMs: NOW_MS - 5_000,
        previous: { name: 'b', reign: 10, leaseTtlMs: 6_000 },
        manner: 'expired',
      },
    }),
    mem: { candidateSinceMs: NOW_MS - 5_000 },
    rule: 'V70',
    steps: [],
  },
  {
    name: 'a shutdown ends the running work first',
    obs: observation({
      postgres: standby(),
      cluster: ledByB,
      requests: [{ kind: 'shutdown', id: 1 }],
      job: {
        job: { kind: 'recoverCrash' },
        startedMs: NOW_MS - 500,
        deadlineMs: NOW_MS + 10_000,
        progress: undefined,
        cancelled: false,
      },
    }),
    rule: 'X10',
    steps: ['cancelJob'],
  },
];

describe('a rule that keeps something from happening', () => {
  ruleTable(CASES);
});
