import { describe, expect, test } from 'vitest';
import type { Member, MemberData } from '../../../../src/core/model/cluster.ts';
import { needsFeedback } from '../../../../src/core/slots/needs-feedback.ts';
import { type SlotScene, wantedSlots } from '../../../../src/core/slots/wanted-slots.ts';
import { at, config, member } from '../../../support/core-builders.ts';

interface Given {
  readonly me?: string;
  readonly leader?: string;
  readonly members?: Readonly<Record<string, Partial<MemberData>>>;
  readonly config?: Record<string, unknown>;
  readonly retain?: readonly string[];
  readonly version?: number;
  readonly isStandbyCluster?: boolean;
  readonly told?: SlotScene['status']['slots'];
}

const NAMES = { a: {}, b: {}, c: {} };
const tagged = (tags: MemberData['tags'] & object): Partial<MemberData> => ({ tags });

function scene(given: Given): SlotScene {
  const all: Record<string, Partial<MemberData>> = { ...NAMES, ...given.members };
  const members: Member[] = Object.entries(all).map(([name, data]) => member(name, data));
  return {
    me: given.me ?? 'a',
    topology: { leader: given.leader ?? 'a', members },
    settings: config(given.config),
    isStandbyCluster: given.isStandbyCluster ?? false,
    status: { optime: at(1000), slots: given.told ?? {}, retainSlots: given.retain ?? [] },
    recentlyGone: new Set(),
    serverVersion: given.version ?? 150_000,
  };
}

const names = (given: Given): string[] => [...wantedSlots(scene(given)).slots.keys()].toSorted();
const AT_ONCE = { member_slots_ttl: 0 };
const cascade = { c: tagged({ replicatefrom: 'b' }) };
const L = { l: { type: 'logical', database: 'app', plugin: 'pgoutput' } };

describe('slots of members', () => {
  test.each<[string, Given, string[]]>([
    ['the leader keeps those of all others', {}, ['b', 'c']],
    ['so does a replica, the leader’s among them', { me: 'b' }, ['a', 'c']],
    ['none is kept for a member without streaming', { members: { c: tagged({ nostream: true }) } }, ['b']],
    ['nor on a replica', { me: 'b', members: { c: tagged({ nostream: true }) } }, ['a']],
    ['none at all with use_slots off', { config: { postgresql: { use_slots: false } } }, []],
    ['a member that never leads keeps none', { me: 'b', members: { b: tagged({ nofailover: true }) } }, []],
    ['but for who streams from it', { me: 'b', members: { b: tagged({ nofailover: true }), ...cascade } }, ['c']],
    ['who is gone for a while is kept (known failure 29)', { retain: ['a', 'b', 'x'] }, ['b', 'c', 'x']],
    ['also on a replica', { me: 'b', retain: ['x', 'b'] }, ['a', 'c', 'x']],
    ['not on a member that never leads', { me: 'b', members: { b: tagged({ nofailover: true }) }, retain: ['x'] }, []],
    ['before version 11 the leader keeps those that stream from it', { version: 100_000 }, ['b', 'c']],
    ['before version 11 a replica keeps none', { me: 'b', version: 100_000 }, []],
    ['without a ttl the leader keeps those that stream from it', { config: AT_ONCE, members: cascade }, ['b']],
    ['and the upstream those that stream from it', { me: 'b', config: AT_ONCE, members: cascade }, ['c']],
    ['and nobody’s who is gone', { config: AT_ONCE, retain: ['x'] }, ['b', 'c']],
    [
      'one whose upstream does not exist streams from the leader',
      { config: AT_ONCE, members: { c: tagged({ replicatefrom: 'gone' }) } },
      ['b', 'c'],
    ],
    [
      'one whose upstream is down streams from the leader',
      { config: AT_ONCE, members: { ...cascade, b: { state: 'stopped' } } },
      ['b', 'c'],
    ],
  ])('%s', (_name, given, expected) => {
    expect(names(given)).toEqual(expected);
  });

  test('a slot is expected to be in use where its member connects', () => {
    const active = (given: Given): string[] =>
      [...wantedSlots(scene({ members: cascade, ...given })).slots.values()]
        .filter((slot) => slot.isExpectedActive)
        .map((slot) => slot.name);
    expect(active({})).toEqual(['b']);
    expect(active({ me: 'b' })).toEqual(['c']);
    expect(active({ me: 'c' })).toEqual([]);
  });
});

describe('permanent slots', () => {
  const slots = { p: {}, pri: { cluster_type: 'primary' }, stb: { cluster_type: 'standby' }, ...L };
  test.each<[string, Given, string[]]>([
    ['on the leader', { config: { slots } }, ['b', 'c', 'l', 'p', 'pri']],
    ['on a replica', { me: 'b', config: { slots } }, ['a', 'c', 'l', 'p', 'pri']],
    ['in a standby cluster', { config: { slots }, isStandbyCluster: true }, ['b', 'c', 'p', 'stb']],
    [
      'before version 11 on the leader only, and no logical one',
      { config: { slots }, version: 100_000 },
      ['b', 'c', 'p', 'pri'],
    ],
    ['before version 11 not on a replica', { me: 'b', config: { slots }, version: 100_000 }, []],
    [
      'not on a member that never leads',
      { me: 'b', config: { slots }, members: { b: tagged({ nofailover: true }) } },
      [],
    ],
    [
      'no logical one without streaming',
      { me: 'b', config: { slots }, members: { b: tagged({ nostream: true }) } },
      ['a', 'c', 'p', 'pri'],
    ],
    [
      'no logical one below a member without streaming',
      { me: 'c', config: { slots }, members: { b: tagged({ nostream: true }), ...cascade } },
      ['a', 'p', 'pri'],
    ],
    ['none named like the member itself', { me: 'b', config: { slots: { b: {} } } }, ['a', 'c']],
    ['one named like another member is that slot', { config: { slots: { b: {} } } }, ['b', 'c']],
    ['one of a member that is not there yet', { config: { slots: { d: {} } } }, ['b', 'c', 'd']],
  ])('%s', (_name, given, expected) => {
    expect(names(given)).toEqual(expected);
  });

  test('a logical one named like a member is left out, and people are told', () => {
    const { slots: wanted, clashes } = wantedSlots(scene({ config: { slots: { b: L.l } } }));
    expect(wanted.get('b')?.kind).toBe('physical');
    expect(clashes).toEqual(['the permanent logical slot b is named like the slot of a member; it is left out']);
  });
});

test('members that share a slot name, or follow each other in a circle, are named (known failure 40)', () => {
  const members = { 'x-1': {}, 'x.1': {}, b: tagged({ replicatefrom: 'c' }), c: tagged({ replicatefrom: 'b' }) };
  expect(wantedSlots(scene({ members })).clashes).toEqual([
    'the members x-1, x.1 share the slot name x_1; rename one',
    'replicatefrom of b, c goes round in a circle; they follow the leader',
  ]);
});

describe('positions', () => {
  const position = (given: Given, name: string): unknown =>
    wantedSlots(scene({ me: 'b', ...given })).slots.get(name)?.position;
  const told = { a: at(1000), c: at(500) };
  test.each<[string, Given, string, bigint | undefined]>([
    ['are those that the leader tells', { told, members: { c: { xlogLocation: at(800) } } }, 'c', 500n],
    ['the leader’s own among them', { told }, 'a', 1000n],
    [
      'of who does not stream from the leader, its own where it is ahead',
      { told, members: { c: { xlogLocation: at(800), tags: { replicatefrom: 'b' } } } },
      'c',
      800n,
    ],
    [
      'or the leader’s where that is',
      { told, members: { c: { xlogLocation: at(300), tags: { replicatefrom: 'b' } } } },
      'c',
      500n,
    ],
    [
      'a leader of an old version tells none of members (known failure 33)',
      { told: {}, members: { a: { version: '3.3.8' }, c: { xlogLocation: at(800) } } },
      'c',
      800n,
    ],
    ['nobody tells', { told: {} }, 'c', undefined],
  ])('%s', (_name, given, name, expected) => {
    expect(position(given, name)).toBe(expected);
  });
});

describe('hot_standby_feedback is wanted', () => {
  test.each<[string, Given, boolean]>([
    ['not without logical slots', { me: 'b' }, false],
    ['of a replica that keeps logical slots', { me: 'b', config: { slots: L } }, true],
    [
      'not of one that never leads',
      { me: 'b', config: { slots: L }, members: { b: tagged({ nofailover: true }) } },
      false,
    ],
    [
      'unless somebody streams from it',
      { me: 'b', config: { slots: L }, members: { b: tagged({ nofailover: true }), ...cascade } },
      true,
    ],
    [
      'not below a member without streaming',
      { me: 'c', config: { slots: L }, members: { b: tagged({ nostream: true }), ...cascade } },
      false,
    ],
    ['not in a standby cluster', { me: 'b', config: { slots: L }, isStandbyCluster: true }, false],
  ])('%s', (_name, given, expected) => {
    expect(needsFeedback(scene(given))).toBe(expected);
  });
});
