// What the leader's upkeep makes of synchronous replication: rule P10 with its steps, its memory and its events.
import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  configKey,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  primary,
  sender,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const settled = { checkpointReign: 10, historyReign: 10, servingReign: 10, statusAtMs: NOW_MS };
const names = (text: string) => ({ names: text, synchronousCommit: 'on', checkpointerIdleSinceReload: true });
const config = (more: Record<string, unknown>) => configKey({ synchronous_mode: 'quorum', ...more });
const both = { value: syncOf('a', ['b', 'c'], 0), revision: 30 };

function leading(
  status: Parameters<typeof primary>[0],
  cluster: Parameters<typeof view>[0],
  more: { mem?: Partial<Memory>; peers?: Observation['peers'] } = {},
) {
  const peers = more.peers === undefined ? {} : { peers: more.peers };
  const obs = observation({
    postgres: primary(status),
    lease: held(),
    cluster: view({ leader: leaderKey('a'), ...cluster }),
    ...peers,
  });
  return decide(obs, memory({ ...settled, ...more.mem }));
}

test('changed configuration beside a new setting is one reload, which does not take the setting back', () => {
  const streaming = [sender('b', { syncPriority: 1 }), sender('c', { syncPriority: 1 })];
  const { rule, plan } = leading(
    { senders: streaming, sync: names('ANY 2 (b,c)') },
    { sync: both, config: { ...config({}), revision: 99 } },
  );
  expect(rule).toBe('P10');
  const settings = plan.steps.filter((step) => step.kind === 'applySettings');
  expect(settings.map((step) => step.settings.syncNames)).toEqual(['ANY 1 (b,c)']);
  expect(settings[0]?.callback).toBeDefined();
  expect(plan.steps.map((step) => step.kind).indexOf('writeSync')).toBeLessThan(
    plan.steps.map((step) => step.kind).indexOf('applySettings'),
  );
});

test('strict mode says once that commits wait', () => {
  const strict = {
    config: config({ synchronous_mode_strict: true }),
    sync: { value: syncOf('a', ['b']), revision: 30 },
  };
  const first = leading({ sync: names('ANY 1 (b)') }, { ...strict, members: [member('a')] });
  const said = first.events.filter((event) => event.kind === 'sync.blocked');
  expect(said.map((event) => event.text).join()).toContain(
    'No active replication connections from Patroni members and synchronous_mode_strict is requested',
  );
  const again = leading({ sync: names('ANY 1 (b)') }, { ...strict, members: [member('a')] }, { mem: first.memory });
  expect(again.events.filter((event) => event.kind === 'sync.blocked')).toEqual([]);
});

test('a walsender that does not read the setting is told of once, and nothing is admitted meanwhile', () => {
  const senders = [
    sender('b', { syncPriority: 1 }),
    sender('c', { syncPriority: 1, hasReadSettings: false, flushLsn: at(1000) }),
  ];
  const status = { senders, sync: names('ANY 2 (b,c)') };
  const cluster = {
    sync: { value: syncOf('a', ['b', 'c'], 1), revision: 30 },
    config: config({ synchronous_mode: 'quorum', synchronous_node_count: 2 }),
  };
  const why = 'waiting for the walsender of c to have read that commits wait for ANY 2 (b,c)';
  const first = leading(status, cluster);
  expect(first).toMatchObject({ rule: 'P10', events: [] });
  expect(first.why).toContain(why);
  expect(first.plan.steps.filter(({ kind }) => kind === 'writeSync')).toEqual([]);
  const { syncWatch } = first.memory;
  const aged = {
    ...first.memory,
    syncWatch: { ...syncWatch, unread: { why, sinceMs: NOW_MS - 3_000, isTold: false } },
  };
  const told = leading(status, cluster, { mem: aged });
  expect(told.events.map(({ kind, text }) => ({ kind, text }))).toEqual([{ kind: 'sync.blocked', text: why }]);
  expect(leading(status, cluster, { mem: told.memory }).events).toEqual([]);
  const read = senders.map((row) => ({ ...row, hasReadSettings: true }));
  const after = leading({ ...status, senders: read }, cluster, { mem: told.memory });
  expect(after.memory.syncWatch.unread).toBeUndefined();
  expect(after.memory.syncMark?.names).toBe('ANY 2 (b,c)');
});

test('a standby that stands still is asked, and given up when it does not answer: /sync first, then the setting', () => {
  const status = {
    flushLsn: at(1000),
    senders: [sender('b', { syncPriority: 1 }), sender('c', { syncPriority: 1, flushLsn: at(900) })],
    sync: names('ANY 2 (b,c)'),
  };
  const cluster = { sync: both, config: config({ synchronous_node_count: 2 }) };
  const stalls = new Map([['c', { lsn: at(900), sinceMs: NOW_MS - 1_500, dead: false }]]);
  const mem = {
    syncWatch: { stalls, strictHeld: false, leaving: undefined },
    syncMark: { names: 'ANY 2 (b,c)', lsn: at(900) },
  };
  const asking = leading(status, cluster, { mem });
  expect(asking.plan.probe.map(({ name }) => name)).toEqual(['c']);
  expect(asking.plan.steps.filter((step) => step.kind === 'writeSync')).toEqual([]);
  const given = leading(status, cluster, { mem, peers: new Map([['c', unknown('timed out')]]) });
  expect(given.plan.steps.slice(0, 2)).toMatchObject([
    { kind: 'writeSync', value: syncOf('a', ['b'], 0) },
    { kind: 'applySettings', settings: { syncNames: 'ANY 1 (b)' } },
  ]);
});

test('a member that is no voter by its tags, by its state or by its slot is not waited for', () => {
  const members = [
    member('a'),
    member('b', { tags: { nosync: true } }),
    member('c', { state: 'starting' }),
    member('d-1'),
    member('d_1'),
  ];
  const senders = ['b', 'c', 'd-1', 'd_1'].map((name) => sender(name));
  const { plan } = leading(
    { senders, sync: names('') },
    { members, sync: { value: syncOf('a'), revision: 30 }, config: config({}) },
  );
  expect(plan.steps.filter((step) => step.kind === 'applySettings')).toEqual([]);
});
