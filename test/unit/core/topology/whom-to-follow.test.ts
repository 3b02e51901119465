import { describe, expect, test } from 'vitest';
import type { MemberData } from '../../../../src/core/model/cluster.ts';
import { circles, type Topology, upstreamsOf, whomToFollow } from '../../../../src/core/topology/whom-to-follow.ts';
import { member } from '../../../support/core-builders.ts';

type Given = Readonly<Record<string, Partial<MemberData>>>;

function topology(given: Given, leader: string | undefined = 'a'): Topology {
  const all: Given = { a: { role: 'primary' }, b: {}, c: {}, ...given };
  return { leader, members: Object.entries(all).map(([name, data]) => member(name, data)) };
}

const from = (upstream: string, more: Partial<MemberData> = {}): Partial<MemberData> => ({
  tags: { replicatefrom: upstream },
  ...more,
});

describe('whom b follows', () => {
  test.each<[string, Topology, string | undefined]>([
    ['the leader', topology({}), 'a'],
    ['nobody, without a leader', { ...topology({}), leader: undefined }, undefined],
    [
      'nobody, tagged nostream, whatever else it is tagged',
      topology({ b: { tags: { nostream: true, replicatefrom: 'c' } } }),
      undefined,
    ],
    ['whom replicatefrom names', topology({ b: from('c') }), 'c'],
    ['the leader, where replicatefrom names nobody there is', topology({ b: from('gone') }), 'a'],
    ['the leader, where replicatefrom names itself', topology({ b: from('b') }), 'a'],
    ['the leader, while the upstream is down', topology({ b: from('c'), c: { state: 'stopped' } }), 'a'],
    ['the leader, while the upstream is on another timeline', topology({ b: from('c'), c: { timeline: 7 } }), 'a'],
    ['the leader, while the upstream is a former primary', topology({ b: from('c'), c: { role: 'primary' } }), 'a'],
    [
      'the leader, while nobody knows where the upstream is',
      topology({ b: from('c'), c: { connUrl: undefined } }),
      'a',
    ],
    ['a member without streaming', topology({ b: from('c'), c: { tags: { nostream: true } } }), 'c'],
    ['the leader, in a circle of two (known failure 40)', topology({ b: from('c'), c: from('b') }), 'a'],
    ['the leader, in a circle of three', topology({ b: from('c'), c: from('d'), d: from('b') }), 'a'],
    ['a member of a circle that it is not part of', topology({ b: from('c'), c: from('d'), d: from('c') }), 'c'],
    ['a member whose upstream is the leader by name', topology({ b: from('c'), c: from('a') }), 'c'],
    [
      'the upstream, though the leader itself is tagged to follow us',
      topology({ a: from('b', { role: 'primary' }) }),
      'a',
    ],
  ])('%s', (_name, given, expected) => {
    expect(whomToFollow(given, 'b')).toBe(expected);
  });

  test('the leader follows nobody', () => {
    expect(whomToFollow(topology({ a: from('b') }), 'a')).toBeUndefined();
  });
});

test('a chain ends with the leader, and a circle ends somewhere (known failure 40)', () => {
  expect(upstreamsOf(topology({ b: from('c') }), 'b')).toEqual(['b', 'c', 'a']);
  expect(upstreamsOf(topology({ b: from('c'), c: from('b') }), 'b')).toEqual(['b', 'a']);
  expect(circles(topology({ b: from('c'), c: from('b'), d: from('b') }))).toEqual(['b', 'c']);
});
