import { beforeEach, expect, test } from 'vitest';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import type { LocalPostgres } from '../../../src/core/model/local-postgres.ts';
import type { JobOutcome } from '../../../src/core/model/job.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import type { Decision, LeaseVerdict, PeerAddress, Step } from '../../../src/core/model/plan.ts';
import { createRuntime, type Runtime } from '../../../src/runtime/runtime.ts';
import { memberData, standby } from '../../support/core-builders.ts';
import { idlePostgres, NO_WATCHDOG } from '../../support/idle-ports.ts';
import {
  ADA,
  FakeClock,
  FakeGuard,
  FakeLog,
  FakePeers,
  FakePromiseFile,
  FakeStore,
  settle,
} from '../../support/runtime-ports.ts';

const keys = keysBelow('/service/test/');
const done: JobOutcome = { kind: 'done', facts: {} };

let clock: FakeClock;
let store: FakeStore;
let log: FakeLog;
let seenNow: Observation[];
let steps: (observation: Observation) => readonly Step[];
let probed: (observation: Observation) => readonly PeerAddress[];
let memoryChange: (observation: Observation) => Partial<Memory>;
let verdict: LeaseVerdict;
let exits: { readonly code: number; readonly why: string }[];
let look: LocalPostgres;
let beforeLooking: () => Promise<void>;
let endJob: () => void;
let applied: Promise<JobOutcome>;
let kills: number;
let runtime: Runtime;
let peers: FakePeers;

function decide(observation: Observation, memory: Memory): Decision {
  seenNow.push(observation);
  return {
    plan: {
      steps: steps(observation),
      verdict,
      promise: { kind: 'refuse', status: 503, why: 'not here' },
      publish: memberData({ state: 'stopped' }),
      probe: probed(observation),
      pulse: 'leads',
      watch: undefined,
      wakeMs: observation.nowMs + 10_000,
    },
    memory: { ...memory, ...memoryChange(observation) },
    rule: 'Z90',
    situation: { mode: 'automatic', server: 'standby', lead: 'other' },
    why: 'nothing to do',
    events: [],
  };
}

beforeEach(() => {
  clock = new FakeClock();
  store = new FakeStore(clock);
  peers = new FakePeers();
  log = new FakeLog();
  seenNow = [];
  steps = () => [];
  probed = () => [];
  memoryChange = () => ({});
  verdict = { kind: 'withhold', why: 'no lease is held' };
  exits = [];
  look = standby();
  beforeLooking = () => Promise.resolve();
  kills = 0;
  applied = Promise.resolve(done);
  store.write(keys.config, '{"loop_wait":10}');
  runtime = createRuntime(
    {
      store,
      postgres: idlePostgres({
        observe: async () => {
          const seenFirst = look;
          await beforeLooking();
          return seenFirst;
        },
        run: () =>
          new Promise((resolve) => {
            endJob = () => {
              resolve(done);
            };
          }),
        applySettings: () => applied,
        kill: () => {
          kills += 1;
          return Promise.resolve(done);
        },
      }),
      guard: new FakeGuard(),
      peers,
      promiseFile: new FakePromiseFile(),
      clock,
      random: { next: () => 0.5 },
      log,
      callbacks: { call: () => undefined },
      watchdog: NO_WATCHDOG,
    },
    { self: ADA, keys, decide, onExit: (code, why) => exits.push({ code, why }) },
  );
  runtime.start();
});

const last = (): Observation | undefined => seenNow.at(-1);

test('the first cycles come to a snapshot, and the member key says what the core said', async () => {
  await clock.advance(500);
  expect(runtime.desk.snapshot()).toMatchObject({ rule: 'Z90', why: 'nothing to do' });
  expect(store.keys.get(keys.member('ada'))?.value).toContain('"stopped"');
  expect(log.lines).toEqual(['INFO: nothing to do']);
});

test('what was seen is told before what is done about it has ended', async () => {
  let apply: (outcome: JobOutcome) => void = () => undefined;
  applied = new Promise((resolve) => {
    apply = resolve;
  });
  steps = () => [
    {
      kind: 'applySettings',
      settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false },
    },
  ];
  await clock.advance(500);
  expect(seenNow).toHaveLength(1);
  expect(store.keys.get(keys.member('ada'))?.value).toContain('"stopped"');
  steps = () => [];
  apply(done);
  await clock.advance(500);
  expect(seenNow).toHaveLength(2);
});

test('a change of the store wakes at once', async () => {
  await clock.advance(2_000);
  const before = seenNow.length;
  store.write(keys.leader, 'bob');
  await clock.advance(1);
  expect(seenNow).toHaveLength(before + 1);
  expect(last()?.cluster).toMatchObject({ kind: 'seen', value: { leader: { name: 'bob' } } });
});

test('a shutdown is a request until the plan says exit; then nothing happens any more', async () => {
  await clock.advance(100);
  steps = ({ requests }) => (requests.length > 0 ? [{ kind: 'exit', code: 0, why: 'asked to shut down' }] : []);
  const over = runtime.requestShutdown();
  await clock.advance(2_000);
  expect(exits).toEqual([{ code: 0, why: 'asked to shut down' }]);
  await over;
  const { revision } = store;
  const cycles = seenNow.length;
  await clock.advance(100_000);
  expect(seenNow).toHaveLength(cycles);
  expect(store.revision).toBe(revision);
});

test('a core that throws ends the agent with 70, and the lease is not renewed any more', async () => {
  steps = () => {
    throw new Error('two leaders');
  };
  await clock.advance(1_000);
  expect(exits).toMatchObject([{ code: 70 }]);
});

test('a leader has its say more often than its word gets old', async () => {
  await clock.advance(1_000);
  verdict = { kind: 'renew' };
  steps = ({ lease, cluster }) =>
    lease.kind === 'none' && cluster.kind === 'seen'
      ? [
          {
            kind: 'takeKey',
            takeOver: {
              reignRevision: 0,
              syncRevision: 0,
              configRevision: cluster.value.config.revision,
              failoverRevision: 0,
              initializeRevision: 0,
              lastRevision: 0,
              from: undefined,
              priority: 1,
              pledges: [],
              lastLeaderMark: undefined,
              unguarded: false,
              sync: undefined,
              timeline: 2,
              leaderTtlMs: 6_000,
            },
          },
        ]
      : [];
  runtime.wake('test');
  await clock.advance(60_000);
  expect(last()?.lease.kind).toBe('held');
  expect(store.keepAlives).toBeGreaterThan(25);
  expect(kills).toBe(0);
  look = { ...look, sql: { kind: 'unknown', why: 'hung' }, data: { kind: 'unreadable', why: 'hung' } };
  await clock.advance(2_500);
  store.write(keys.leader, 'bob');
  await clock.advance(10);
  expect(kills).toBe(1);
  expect(last()?.lease).toMatchObject({ kind: 'lost' });
});

test('peers are asked beside the cycle, and their answers say something for a few seconds only', async () => {
  await clock.advance(500);
  probed = () => [{ name: 'bob', apiUrl: 'http://bob' }];
  runtime.wake('test');
  await clock.advance(500);
  expect([...(last()?.peers.keys() ?? [])]).toEqual(['bob']);
  probed = () => [];
  await clock.advance(20_000);
  expect(last()?.peers.size).toBe(0);
});

test('a configuration is patched, and nothing is written where nothing changes', async () => {
  await clock.advance(500);
  const patched = await runtime.desk.changeConfig({ kind: 'patch', value: { ttl: 40, loop_wait: null } });
  expect(patched).toEqual({ kind: 'done', value: { ttl: 40 } });
  expect(store.keys.get(keys.config)?.value).toBe('{"ttl":40}');
  const { revision } = store;
  await runtime.desk.changeConfig({ kind: 'patch', value: { ttl: 40 } });
  expect(store.revision).toBe(revision);
});

test('a configuration that members could not use is refused with the place and the reason, and nothing is written', async () => {
  await clock.advance(500);
  const { revision } = store;
  const change = {
    synchronous_node_count: 0,
    standby_cluster: { primary_slot_name: 'x' },
    kornak: { leader_ttl: 46 },
  };
  const outcome = await runtime.desk.changeConfig({ kind: 'patch', value: change });
  expect(outcome).toEqual({
    kind: 'refused',
    why:
      'standby_cluster: must name whom to follow: host, port or restore_command; ' +
      'synchronous_node_count: 0: must be at least 1; to wait for nobody set synchronous_mode: off; ' +
      'kornak.leader_ttl: 46: must be at most 45 s beside a ttl of 30 s: lower it, or raise ttl',
  });
  expect(store.revision).toBe(revision);
});

test('a patch of what somebody else has changed meanwhile is a conflict', async () => {
  await clock.advance(500);
  store.sinks.clear();
  store.write(keys.config, '{"ttl":50}');
  expect(await runtime.desk.changeConfig({ kind: 'patch', value: { ttl: 40 } })).toEqual({ kind: 'conflict' });
});

test('a configuration that is not there cannot be patched, but replaced', async () => {
  store.erase(keys.config);
  await clock.advance(500);
  expect(await runtime.desk.changeConfig({ kind: 'patch', value: { ttl: 40 } })).toMatchObject({ kind: 'absent' });
  expect(await runtime.desk.changeConfig({ kind: 'replace', value: { ttl: 40 } })).toMatchObject({ kind: 'done' });
});

test('a configuration with a value that cannot be used is warned of once, patched like any other, and what was in force stays so', async () => {
  await clock.advance(500);
  store.write(keys.config, '{"ttl":"soon","kept":1}');
  await clock.advance(30_000);
  const warnings = log.lines.filter((line) => line.startsWith('WARNING'));
  expect(warnings).toEqual([`WARNING: ${keys.config} cannot be used: ttl: soon: must be a whole number of seconds`]);
  expect(runtime.desk.snapshot()?.config.raw).toEqual({ loop_wait: 10 });
  const patched = await runtime.desk.changeConfig({ kind: 'patch', value: { ttl: 40 } });
  expect(patched).toEqual({ kind: 'done', value: { ttl: 40, kept: 1 } });
  await clock.advance(500);
  expect(runtime.desk.snapshot()?.config.ttlMs).toBe(40_000);
});

test('a standby cluster that names nobody to follow, in the store, keeps the last good configuration', async () => {
  await clock.advance(500);
  store.write(keys.config, '{"ttl":40,"standby_cluster":{"primary_slot_name":"x"}}');
  await clock.advance(500);
  expect(runtime.desk.snapshot()?.config.raw).toEqual({ loop_wait: 10 });
});

test('a snapshot keeps the last configuration and the last reading while the store is silent', async () => {
  store.write(keys.config, '{"pause":true}');
  store.write(keys.leader, 'bob');
  await clock.advance(500);
  store.rangeTroubles.push(...Array<'no answer'>(100).fill('no answer'));
  store.endWatches();
  await clock.advance(5_000);
  const snapshot = runtime.desk.snapshot();
  expect(snapshot?.observation.cluster.kind).toBe('unknown');
  expect(snapshot?.config.paused).toBe(true);
  expect(snapshot?.lastCluster?.view.leader?.name).toBe('bob');
  expect(snapshot?.lastCluster?.atMs).toBeLessThan(clock.nowMs - 4_000);
});

test('who asks for a fresh answer gets one of this moment, and the loop turns for it once', async () => {
  await clock.advance(5_000);
  const cycles = seenNow.length;
  const answers = Array.from({ length: 50 }, () => runtime.desk.fresh(1_000, 200));
  await clock.advance(100);
  for (const answer of answers) expect((await answer)?.observation.nowMs).toBeGreaterThanOrEqual(clock.nowMs - 100);
  expect(seenNow).toHaveLength(cycles + 1);
});

test('a request for a failover is written once, as the snapshot had it', async () => {
  await clock.advance(500);
  expect(await runtime.desk.writeFailover({ candidate: 'bob' })).toEqual({ kind: 'done', value: null });
  expect(store.keys.get(keys.failover)?.value).toBe('{"member":"bob"}');
});

test('a bootstrap is done once the core has taken it on', async () => {
  await clock.advance(500);
  memoryChange = ({ requests }) => ({ bootstrapRequest: requests[0]?.id });
  const asked = runtime.desk.bootstrap();
  await clock.advance(200);
  expect(await asked).toMatchObject({ kind: 'done' });
  expect(await runtime.desk.bootstrap()).toMatchObject({ kind: 'notDone' });
});

test('a bootstrap is refused with the reason', async () => {
  await clock.advance(500);
  steps = ({ requests }) =>
    requests.map(({ id }) => ({ kind: 'answer', requestId: id, ok: false, text: 'the cluster exists' }) as const);
  const asked = runtime.desk.bootstrap();
  await clock.advance(200);
  expect(await asked).toEqual({ kind: 'notDone', why: 'the cluster exists' });
});

test('requests that the core does not answer are given up in time, and do not pile up', async () => {
  await clock.advance(500);
  const asked = Array.from({ length: 40 }, () => runtime.desk.reinitialize({ force: false, fromLeader: false }));
  expect(await asked.at(-1)).toEqual({ kind: 'notDone', why: '32 requests already in progress' });
  await clock.advance(500);
  expect(last()?.requests).toHaveLength(32);
  await clock.advance(10_000);
  expect(await asked[0]).toEqual({ kind: 'unknown', why: 'reinitialize: no outcome within 10 seconds' });
  expect(last()?.requests).toEqual([]);
});

test('what was not done is told to the core', async () => {
  await clock.advance(500);
  const asked = seenNow.length;
  steps = () => (seenNow.length === asked + 1 ? [{ kind: 'setInitialize', systemId: '1', revision: 99 }] : []);
  runtime.wake('test');
  await clock.advance(1_000);
  expect(seenNow[asked + 1]?.undone).toBe('setInitialize');
});

test('a job that ends while PostgreSQL is looked at runs on for that look: what was seen may be from before its end', async () => {
  steps = () => [{ kind: 'startJob', job: { kind: 'checkpoint' }, deadlineMs: clock.nowMs + 60_000 }];
  await clock.advance(500);
  steps = () => [];
  let hasLooked = (): void => undefined;
  beforeLooking = () =>
    new Promise((resolve) => {
      hasLooked = resolve;
    });
  const before = seenNow.length;
  runtime.wake('test');
  await clock.advance(100);
  endJob();
  await settle();
  beforeLooking = () => Promise.resolve();
  hasLooked();
  await clock.advance(1_000);
  const looks = seenNow.slice(before).map(({ job, ended }) => [job?.job.kind, ended?.job.kind]);
  expect(looks.slice(0, 2)).toEqual([
    ['checkpoint', undefined],
    [undefined, 'checkpoint'],
  ]);
});
