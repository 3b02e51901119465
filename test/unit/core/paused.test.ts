// What a paused cluster does and does not, and how a pause ends. Each case names the rule that decides it.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView, Member, UnguardedMark } from '../../../src/core/model/cluster.ts';
import type { FinishedJob, Job, RunningJob } from '../../../src/core/model/job.ts';
import type { GuardView, Observation } from '../../../src/core/model/observation.ts';
import type { Decision, Step, StepKind } from '../../../src/core/model/plan.ts';
import { NO_HEALTH } from '../../../src/core/model/health.ts';
import { type Seen, seen, unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  configKey,
  down,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  peerStatus,
  pledgeOf,
  postgres,
  primary,
  sender,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';
import { type RuleCase, ruleTable } from '../../support/rule-cases.ts';

const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
const PAUSED = { config: configKey({ pause: true }) };
const mark = (name: string, reign = 10): UnguardedMark => ({ name, reign, revision: 60 });
const noted = <T extends object>(it: T): T & { pauseNoted: true } => ({ ...it, pauseNoted: true });
const pausedView = (more: Partial<ClusterView> = {}): ClusterView => view({ ...PAUSED, ...more });
const members = (b: Member): readonly Member[] => [member('a'), b, member('c')];
const armed: GuardView = { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 };
const unguarded = held(10, { unguarded: true });
const rest = noted({ ...down(), health: { ...NO_HEALTH, leftovers: 2 } });
const shutdown = [{ kind: 'shutdown', id: 1 }] as const;
const exited = (job: Job): FinishedJob => ({
  job,
  outcome: { kind: 'done', facts: {} },
  startedMs: NOW_MS - 1_000,
  endedMs: NOW_MS,
});
const stopJob: Job = { kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'switchover' };
const promoteJob: Job = { kind: 'promote', reign: 10, aboveTimeline: 1, settings };
const restartJob: Job = {
  kind: 'restart',
  role: 'primary',
  follow: undefined,
  settings,
  stopWithinMs: 60_000,
  startWithinMs: 60_000,
};
const running = (job: Job): RunningJob => ({
  job,
  startedMs: NOW_MS - 100,
  deadlineMs: NOW_MS + 60_000,
  progress: undefined,
  cancelled: false,
});

type Seeing = Partial<Omit<Observation, 'cluster'>> & { readonly cluster?: Seen<ClusterView> | ClusterView };

interface PausedCase extends Omit<RuleCase, 'obs'> {
  readonly obs: Seeing;
}

const stepsOf = ({ plan }: Decision): readonly StepKind[] => plan.steps.map(({ kind }) => kind);

function table(cases: readonly PausedCase[]): void {
  ruleTable(cases.map((one) => ({ ...one, obs: observation(one.obs) })));
}

function stepOf<K extends StepKind>(decision: Decision, kind: K): Extract<Step, { kind: K }> {
  const step = decision.plan.steps.find((each): each is Extract<Step, { kind: K }> => each.kind === kind);
  if (step === undefined) throw new Error(`no step ${kind}`);
  return step;
}

describe('a primary in pause', () => {
  table([
    {
      name: 'that leads has its guard stand down only after the note and the mark',
      obs: { postgres: primary(), lease: held(), guard: armed, cluster: pausedView({ leader: leaderKey('a') }) },
      rule: 'Y10',
      steps: ['notePause', 'markUnguarded', 'standDown'],
    },
    {
      name: 'without the key has its watchdog disarmed: nobody keeps it alive',
      obs: {
        postgres: noted(primary()),
        watchdog: { kind: 'armed', timeoutS: 10 },
        cluster: pausedView({ leader: leaderKey('b'), unguarded: [mark('a')] }),
      },
      rule: 'W10',
      steps: ['disarmWatchdog'],
    },
    {
      name: 'that leads unguarded does its upkeep as ever',
      obs: {
        postgres: noted(primary({ slots: [] })),
        lease: unguarded,
        cluster: pausedView({ leader: leaderKey('a'), unguarded: [mark('a')] }),
      },
      mem: { historyReign: 10, checkpointReign: 10, statusAtMs: NOW_MS },
      rule: 'P10',
      steps: ['writeStatus', 'createSlot', 'createSlot'],
    },
    {
      name: 'that is asked to leave leaves PostgreSQL and the key alone',
      obs: {
        postgres: noted(primary()),
        lease: unguarded,
        requests: shutdown,
        cluster: pausedView({ leader: leaderKey('a'), unguarded: [mark('a')] }),
      },
      rule: 'Y15',
      steps: ['exit'],
    },
    {
      name: 'of another cluster gives the key back and does not exit',
      obs: {
        postgres: noted(primary()),
        lease: unguarded,
        cluster: pausedView({ leader: leaderKey('a'), initialize: { value: '7000000000000000001', revision: 3 } }),
      },
      rule: 'Y20',
      steps: ['releaseKey'],
    },
    {
      name: 'that nobody guards is marked before anything else',
      obs: { postgres: noted(primary()), cluster: pausedView({ leader: leaderKey('b') }) },
      rule: 'Y35',
      steps: ['markUnguarded'],
    },
    {
      name: 'whose agent was started again carries on its reign without a guard',
      obs: { postgres: noted(primary()), cluster: pausedView({ leader: leaderKey('a'), unguarded: [mark('a')] }) },
      rule: 'Y40',
      steps: ['adoptKey'],
    },
    {
      name: 'takes the key that nobody holds',
      obs: { postgres: noted(primary()), cluster: pausedView({ unguarded: [mark('a')] }) },
      rule: 'Y45',
      steps: ['takeKey'],
    },
    {
      name: 'leaves the free key to who led last and runs',
      obs: {
        postgres: noted(primary()),
        cluster: pausedView({
          reign: { value: { name: 'b', timeline: 1 }, revision: 10 },
          members: members(member('b', { role: 'primary' })),
          unguarded: [mark('a'), mark('b')],
        }),
      },
      rule: 'Y45',
      steps: [],
    },
    {
      name: 'leaves the free key to whom a request names',
      obs: {
        postgres: noted(primary()),
        cluster: pausedView({ failover: { value: { candidate: 'b' }, revision: 9 }, unguarded: [mark('a')] }),
      },
      rule: 'Y45',
      steps: [],
    },
    {
      name: 'beside a leader stays one',
      obs: { postgres: noted(primary()), cluster: pausedView({ leader: leaderKey('b'), unguarded: [mark('a')] }) },
      rule: 'Y50',
      steps: [],
    },
    {
      name: 'whose key is gone is not fenced',
      obs: { postgres: noted(primary()), lease: unguarded, cluster: pausedView({ unguarded: [mark('a')] }) },
      rule: 'Y50',
      steps: [],
    },
    {
      name: 'goes on while the store is silent (known failure 84)',
      obs: { postgres: noted(primary()), cluster: unknown('no answer') },
      mem: { lastConfig: PAUSED.config.value },
      rule: 'Y50',
      steps: [],
    },
    {
      name: 'whose agent was started while the store is silent goes on by the note beside its data',
      obs: { postgres: noted(primary()), cluster: unknown('no answer') },
      rule: 'Y50',
      steps: [],
    },
    {
      name: 'goes on paused although /config was deleted (known failure 84)',
      obs: {
        postgres: noted(primary({ slots: [] })),
        lease: unguarded,
        cluster: view({
          leader: leaderKey('a'),
          config: { value: undefined, raw: { pause: true }, revision: 0 },
          unguarded: [mark('a')],
        }),
      },
      mem: {
        lastConfig: PAUSED.config.value,
        historyReign: 10,
        checkpointReign: 10,
        statusAtMs: NOW_MS,
        appliedConfig: 0,
      },
      rule: 'P10',
      steps: ['writeStatus', 'createSlot', 'createSlot'],
    },
    {
      name: 'whose guarded lease was lost before the mark stood is fenced as ever',
      obs: { postgres: primary(), lease: { kind: 'lost', reign: 10, why: 'refused' }, cluster: pausedView() },
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'has the guard of an earlier agent stand down once marked',
      obs: { postgres: noted(primary()), guard: armed, cluster: pausedView() },
      rule: 'Y30',
      steps: ['markUnguarded', 'standDown'],
    },
    {
      name: 'under the guard of a reign that another has ended is fenced',
      obs: {
        postgres: noted(primary()),
        guard: armed,
        cluster: pausedView({ leader: leaderKey('b', 20), reign: { value: { name: 'b', timeline: 2 }, revision: 20 } }),
      },
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'is promoted to the end although the lock is lost (known failure 73)',
      obs: { postgres: noted(standby()), job: running(promoteJob), cluster: pausedView() },
      rule: 'Y25',
      steps: [],
    },
    ...[primary(), down({ state: 'shut down' })].map((server) => ({
      name: `is restarted to the end although the lock is lost, ${server.postmaster === undefined ? 'down' : 'up'} now (known failure 73)`,
      obs: { postgres: noted(server), job: running(restartJob), cluster: pausedView() },
      mem: { restart: { requestId: 7, outcome: undefined } },
      rule: 'Y25',
      steps: [],
    })),
    {
      name: 'is restarted to the end although the store does not answer (known failure 73)',
      obs: { postgres: noted(down({ state: 'shut down' })), job: running(restartJob), cluster: unknown('silent') },
      mem: { restart: { requestId: 7, outcome: undefined }, lastConfig: configKey({ pause: true }).value },
      rule: 'Y25',
      steps: [],
    },
  ]);

  test('tells whoever asked for a restart what came of it, although the lock was lost meanwhile (known failure 73)', () => {
    const ended = { ...exited(restartJob), outcome: { kind: 'done', facts: {} } } as const;
    const request = { kind: 'restart', id: 7, wish: {} } as const;
    const obs = observation({ postgres: noted(primary()), cluster: pausedView(), ended, requests: [request] });
    const decision = decide(obs, memory({ restart: { requestId: 7, outcome: undefined } }));
    expect({ rule: decision.rule, steps: decision.plan.steps }).toEqual({
      rule: 'Y28',
      steps: [{ kind: 'answer', requestId: 7, ok: true, text: 'restarted successfully' }],
    });
    expect(decision.memory.restart).toBeUndefined();
  });

  test('is told once of a leader beside it', () => {
    const obs = observation({
      postgres: noted(primary()),
      cluster: pausedView({ leader: leaderKey('b'), unguarded: [mark('a')] }),
    });
    const first = decide(obs, memory());
    expect(first.events.map(({ kind }) => kind)).toEqual(['pause.noticed']);
    expect(decide(obs, first.memory).events).toEqual([]);
  });

  test('that waits for its synchronous standbys keeps /sync when it takes the key; one by hand is alone', () => {
    const taking = (names: string, leader: string): unknown => {
      const sync = { names, synchronousCommit: 'on', checkpointerIdleSinceReload: true };
      const cluster = pausedView({ sync: { value: syncOf(leader, ['c']), revision: 8 }, unguarded: [mark('a')] });
      const decision = decide(observation({ postgres: noted(primary({ sync })), cluster }), memory());
      return stepOf(decision, 'takeKey').takeOver.sync;
    };
    expect(taking('c', 'a')).toBeUndefined();
    expect(taking('', 'a')).toEqual({ leader: 'a', voters: [], quorum: 0 });
    expect(taking('', 'b')).toEqual({ leader: 'a', voters: [], quorum: 0 });
  });

  test('whose agent was started again keeps the names that commits wait for (known failure 47)', () => {
    const sync = { names: 'b', synchronousCommit: 'on', checkpointerIdleSinceReload: true };
    const config = configKey({ pause: true, synchronous_mode: true });
    const cluster = view({
      config,
      leader: leaderKey('a'),
      sync: { value: syncOf('a', ['b']), revision: 8 },
      unguarded: [mark('a')],
    });
    const server = noted(primary({ sync, senders: [sender('b', { syncState: 'sync', syncPriority: 1 })] }));
    const decision = decide(
      observation({ postgres: server, lease: unguarded, cluster }),
      memory({ appliedConfig: undefined, checkpointReign: 10, historyReign: 10, statusAtMs: NOW_MS }),
    );
    expect(stepOf(decision, 'applySettings').settings.syncNames).toBe('b');
    expect(stepsOf(decision)).not.toContain('writeSync');
  });

  test('renews its lease whatever PostgreSQL says', () => {
    const obs = observation({
      postgres: noted(postgres()),
      lease: unguarded,
      cluster: pausedView({ leader: leaderKey('a'), unguarded: [mark('a')] }),
    });
    expect(decide(obs, memory({ answeredMs: NOW_MS - 600_000 })).plan.verdict.kind).toBe('renew');
  });

  test('tells that it is one, with or without the key, and that it sees the pause', () => {
    const obs = observation({
      postgres: noted(primary()),
      cluster: pausedView({ leader: leaderKey('b'), unguarded: [mark('a')] }),
    });
    expect(decide(obs, memory()).plan.publish).toMatchObject({ role: 'primary', state: 'running', pause: true });
  });
});

describe('what does not write, in pause,', () => {
  const nobody = pausedView();
  table([
    {
      name: 'a stopped PostgreSQL stays down (known failure 11: also one tagged nofailover)',
      obs: {
        postgres: noted(down({}, true)),
        cluster: pausedView({ leader: leaderKey('b') }),
        self: { ...observation().self, tags: { nofailover: true } },
      },
      rule: 'Y75',
      steps: [],
    },
    {
      name: 'changed recovery parameters start nothing (known failure 51)',
      obs: {
        postgres: noted(down({}, true)),
        cluster: pausedView({ leader: leaderKey('b'), config: configKey({ pause: true }, 99) }),
      },
      rule: 'Y75',
      steps: [],
    },
    {
      name: 'an empty data directory is not bootstrapped',
      obs: {
        postgres: noted(postgres({ postmaster: undefined, data: { kind: 'empty' } })),
        cluster: pausedView({ initialize: { value: undefined, revision: 0 } }),
      },
      rule: 'Y75',
      steps: [],
    },
    {
      name: 'a stopped leader gives the key back',
      obs: {
        postgres: noted(down()),
        lease: unguarded,
        cluster: pausedView({ leader: leaderKey('a'), unguarded: [mark('a')] }),
      },
      rule: 'Y65',
      steps: ['releaseKey'],
    },
    {
      name: 'a stopped leader whose agent was started again gives the key back',
      obs: { postgres: noted(down()), cluster: pausedView({ leader: leaderKey('a') }) },
      rule: 'Y65',
      steps: ['releaseKey'],
    },
    {
      name: 'a leader that people made a standby gives the key back',
      obs: { postgres: noted(standby()), lease: unguarded, cluster: pausedView({ leader: leaderKey('a') }) },
      mem: { servingReign: 10 },
      rule: 'Y70',
      steps: ['releaseKey'],
    },
    {
      name: 'a mark goes once PostgreSQL is seen down',
      obs: { postgres: noted(down()), cluster: pausedView({ unguarded: [mark('a')] }) },
      rule: 'Y05',
      steps: ['clearUnguarded'],
    },
    {
      name: 'a mark stays while processes of a PostgreSQL that is gone still work',
      obs: { postgres: rest, cluster: pausedView({ unguarded: [mark('a')] }) },
      rule: 'Y75',
      steps: [],
    },
    {
      name: 'nor is the key given back meanwhile',
      obs: {
        postgres: rest,
        lease: unguarded,
        cluster: pausedView({ leader: leaderKey('a'), unguarded: [mark('a')] }),
      },
      rule: 'Y65',
      steps: [],
    },
    {
      name: 'a mark stays while a server runs of which nothing can be read yet',
      obs: {
        postgres: noted(postgres({ data: { kind: 'unreadable', why: 'no answer' } })),
        cluster: pausedView({ unguarded: [mark('a')] }),
      },
      rule: 'B80',
      steps: [],
    },
    {
      name: 'a standby that people start is left to come up, however long it was down',
      obs: {
        postgres: noted({ ...standby(), starting: true, sql: unknown('it recovers') }),
        cluster: pausedView({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' })] }),
      },
      mem: { role: 'replica', startingSinceMs: NOW_MS - 30_000 },
      rule: 'Z90',
      steps: [],
    },
    { name: 'a standby goes for no key', obs: { postgres: noted(standby()), cluster: nobody }, rule: 'Y80', steps: [] },
    {
      name: 'a standby keeps its upstream while nobody leads (known failure 56)',
      obs: { postgres: noted(standby({ upstream: { host: 'b', port: 5432 }, receiverRuns: true })), cluster: nobody },
      rule: 'Y80',
      steps: [],
    },
    {
      name: 'a standby notes the pause',
      obs: { postgres: standby(), cluster: nobody },
      rule: 'Y60',
      steps: ['notePause'],
    },
    {
      name: 'a stopped server is not started while the store is silent',
      obs: { postgres: noted(down({}, true)), cluster: unknown('no answer') },
      mem: { silentSinceMs: NOW_MS - 60_000 },
      rule: 'Y55',
      steps: [],
    },
    {
      name: 'a standby that is named goes for the key',
      obs: {
        postgres: noted(standby()),
        cluster: pausedView({
          failover: { value: { candidate: 'a' }, revision: 9 },
          pledges: [pledgeOf('a', 1000)],
          unguarded: [mark('b')],
          reign: { value: { name: 'b', timeline: 1 }, revision: 10 },
        }),
        vacancy: { sinceMs: NOW_MS - 20_000, previous: { name: 'b', reign: 10, leaseTtlMs: 6_000 }, manner: 'expired' },
      },
      mem: { candidateSinceMs: NOW_MS - 20_000, reignSeen: { revision: 10, sinceMs: NOW_MS - 60_000 } },
      rule: 'V80',
      steps: ['takeKey'],
    },
    {
      name: 'a standby that is not the one named only pledges',
      obs: {
        postgres: noted(standby()),
        cluster: pausedView({ failover: { value: { candidate: 'c' }, revision: 9 }, pledges: [pledgeOf('a', 1000)] }),
      },
      mem: { candidateSinceMs: NOW_MS - 60_000 },
      rule: 'V46',
      steps: [],
    },
    {
      name: 'slots of an earlier reign stay',
      obs: {
        postgres: noted(
          standby({
            upstream: { host: 'b', port: 5432 },
            slots: ['b', 'c', 'gone'].map((name) => ({ name, kind: 'physical', active: false, restartLsn: at(1) })),
            receiverRuns: true,
          }),
        ),
        cluster: pausedView({ leader: leaderKey('b') }),
      },
      rule: 'R90',
      steps: [],
    },
    {
      name: 'replay that people paused stays paused',
      obs: {
        postgres: noted(standby({ upstream: { host: 'b', port: 5432 }, replayPaused: true, receiverRuns: true })),
        cluster: pausedView({ leader: leaderKey('b') }),
      },
      rule: 'R90',
      steps: [],
    },
  ]);

  test('a leader that handed over is brought back by its own agent, also in pause', () => {
    const cluster = pausedView({
      leader: leaderKey('b', 20),
      members: members(member('b', { role: 'primary', timeline: 2 })),
      history: { value: [{ timeline: 1, lsn: at(950), reason: '' }], revision: 21 },
    });
    const handedOver = noted(down({ state: 'shut down', checkpointEndLsn: at(950) }));
    const obs = observation({ postgres: handedOver, cluster, ended: exited(stopJob) });
    const first = decide(obs, memory());
    expect(first.rule).toBe('D70');
    expect(decide({ ...obs, ended: undefined }, first.memory).rule).toBe('D70');
  });
});

const ANSWERS: Observation['peers'] = new Map([['b', seen(peerStatus(), NOW_MS)]]);

describe('a request in pause', () => {
  const leading = (request: ClusterView['failover']['value']): Decision => {
    const postgresSeen = noted(primary({ senders: [sender('b')] }));
    const cluster = pausedView({
      leader: leaderKey('a'),
      failover: { value: request, revision: 9 },
      unguarded: [mark('a')],
    });
    const mem = memory({ checkpointedFor: { revision: 9, sinceMs: NOW_MS } });
    return decide(observation({ postgres: postgresSeen, lease: unguarded, cluster, peers: ANSWERS }), mem);
  };

  test('with a candidate is granted', () => {
    const decision = leading({ leader: 'a', candidate: 'b' });
    expect(decision.rule).toBe('S40');
    expect(stepOf(decision, 'startJob').job.kind).toBe('stop');
  });

  test('without one is dropped', () => {
    const decision = leading({ leader: 'a' });
    expect(decision.rule).toBe('S30');
    expect(stepOf(decision, 'writeFailover').value).toBeUndefined();
  });

  test.each(['2020-01-01T00:00:00+00:00', '2090-01-01T00:00:00+00:00'])('scheduled for %s waits', (scheduledAt) => {
    expect(stepsOf(leading({ leader: 'a', candidate: 'b', scheduledAt }))).not.toContain('writeFailover');
  });
});

describe('a pause that has ended', () => {
  const marked = (more: Partial<ClusterView> = {}): ClusterView => view({ unguarded: [mark('a')], ...more });
  table([
    {
      name: 'has the guard armed first',
      obs: { postgres: noted(primary()), lease: unguarded, cluster: marked({ leader: leaderKey('a') }) },
      rule: 'Y85',
      steps: ['armGuard'],
    },
    {
      name: 'has the mark go once the guard is armed',
      obs: { postgres: noted(primary()), lease: held(), guard: armed, cluster: marked({ leader: leaderKey('a') }) },
      rule: 'Y86',
      steps: ['clearUnguarded'],
    },
    {
      name: 'keeps the mark while the guard is not seen armed',
      obs: {
        postgres: noted(primary({ slots: [] })),
        lease: held(),
        guard: { kind: 'unanswered', why: 'gone' },
        cluster: marked({ leader: leaderKey('a') }),
      },
      mem: { historyReign: 10, checkpointReign: 10, statusAtMs: NOW_MS },
      rule: 'P10',
      steps: ['writeStatus', 'createSlot', 'createSlot'],
    },
    {
      name: 'has the leader carry on a key that it holds by name',
      obs: { postgres: noted(primary()), cluster: marked({ leader: leaderKey('a') }) },
      rule: 'Y87',
      steps: ['adoptKey'],
    },
    {
      name: 'has who led last take the key again under its guard',
      obs: { postgres: noted(primary()), cluster: marked() },
      rule: 'Y88',
      steps: ['takeKey'],
    },
    {
      name: 'waits for the store rather than fence what is marked',
      obs: { postgres: noted(primary()), cluster: unknown('no answer') },
      mem: { lastConfig: configKey().value },
      rule: 'Y89',
      steps: [],
    },
    {
      name: 'fences a primary that another has followed',
      obs: {
        postgres: noted(primary()),
        cluster: marked({ leader: leaderKey('b', 20), reign: { value: { name: 'b', timeline: 2 }, revision: 20 } }),
      },
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'fences a primary that never led',
      obs: {
        postgres: noted(primary()),
        cluster: marked({ reign: { value: { name: 'b', timeline: 2 }, revision: 20 } }),
      },
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'has its note go',
      obs: { postgres: noted(standby()), cluster: view({ leader: leaderKey('b') }) },
      rule: 'Y95',
      steps: ['notePause'],
    },
    {
      name: 'lets nobody lead while the last leader is unguarded',
      obs: {
        postgres: standby(),
        cluster: view({
          pledges: [pledgeOf('a', 1000)],
          reign: { value: { name: 'b', timeline: 1 }, revision: 10 },
          unguarded: [mark('b')],
        }),
      },
      mem: { candidateSinceMs: NOW_MS - 600_000 },
      rule: 'V48',
      steps: [],
    },
    {
      name: 'resumes replay that was paused',
      obs: {
        postgres: standby({ upstream: { host: 'b', port: 5432 }, replayPaused: true, receiverRuns: true }),
        cluster: view({ leader: leaderKey('b') }),
      },
      rule: 'R57',
      steps: ['resumeReplay'],
    },
  ]);

  test('the mark of somebody who did not lead last keeps nobody from the key', () => {
    const cluster = view({
      pledges: [pledgeOf('a', 1000)],
      reign: { value: { name: 'b', timeline: 1 }, revision: 10 },
      unguarded: [mark('c')],
    });
    const decision = decide(
      observation({ postgres: standby(), cluster }),
      memory({ candidateSinceMs: NOW_MS - 600_000 }),
    );
    expect(decision.rule).not.toBe('V48');
  });

  test('a take-over compares the mark of who led last, also that there is none', () => {
    const reign = { value: { name: 'b', timeline: 1 }, revision: 10 };
    const vacancy = {
      sinceMs: NOW_MS - 20_000,
      previous: { name: 'b', reign: 10, leaseTtlMs: 6_000 },
      manner: 'expired',
    } as const;
    const cluster = view({ pledges: [pledgeOf('a', 1000)], reign, members: [member('a')] });
    const mem = memory({ candidateSinceMs: NOW_MS - 20_000 });
    const decision = decide(observation({ postgres: standby(), cluster, vacancy }), mem);
    expect(stepOf(decision, 'takeKey').takeOver.lastLeaderMark).toEqual({ name: 'b', revision: 0 });
  });
});
