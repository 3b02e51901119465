import { describe, expect, test } from 'vitest';
import {
  failoverChain,
  lastRoleChange,
  type Link,
  type ToldEvent,
} from '../../../../src/core/explain/failover-chain.ts';

type Told = Partial<ToldEvent> & Pick<ToldEvent, 'kind' | 'member' | 'wallMs'>;

function told(events: readonly Told[]): readonly ToldEvent[] {
  return events.map((event) => ({ wallAt: '', rule: 'X', text: event.kind, evidence: {}, ...event }));
}

/** As three members told of a node that died: its lease ran out, c went for the key too, b got it and was promoted. */
const NODE_DEATH = told([
  { kind: 'leader.acquired', member: 'a', wallMs: 1_000, rule: 'B40', evidence: { previous: null } },
  { kind: 'member.following', member: 'b', wallMs: 2_000 },
  { kind: 'leader.gone', member: 'c', wallMs: 100_003, rule: 'V10', text: 'c: the leader key of a is gone' },
  { kind: 'leader.gone', member: 'b', wallMs: 100_010, rule: 'V10', text: 'b: the leader key of a is gone' },
  {
    kind: 'leader.acquired',
    member: 'b',
    wallMs: 100_160,
    rule: 'V80',
    text: 'b goes for the leader key: it holds most',
    evidence: { previous: 'a', manner: 'expired', vacantMs: 155, timeline: 2 },
  },
  { kind: 'leader.acquired', member: 'c', wallMs: 100_170, rule: 'V80', evidence: { previous: 'a', vacantMs: 168 } },
  {
    kind: 'postgres.promoted',
    member: 'b',
    wallMs: 100_400,
    rule: 'L40',
    text: 'PostgreSQL left recovery',
    evidence: { tookMs: 190, reign: 77, keyAgoMs: 230, timeline: 2, sentAgoMs: 70, openAgoMs: 12 },
  },
  { kind: 'sync.changed', member: 'b', wallMs: 100_500 },
]);

const briefly = (links: readonly Link[]): readonly unknown[] =>
  links.map(({ name, member, rule, wallMs, afterMs }) => [name, member, rule, wallMs, afterMs]);

describe('the chain of a failover', () => {
  test('of a node that died has each link by the clock of the new leader', () => {
    const change = lastRoleChange(NODE_DEATH, 'b');
    if (change === undefined) throw new Error('no change found');
    expect(change.story.map(({ kind }) => kind)).toEqual([
      'leader.gone',
      'leader.gone',
      'leader.acquired',
      'leader.acquired',
      'postgres.promoted',
    ]);
    const chain = failoverChain(change);
    expect(briefly(chain.links)).toEqual([
      ['key gone', 'b', 'V10', 100_005, undefined],
      ['key taken', 'b', 'V80', 100_170, 165],
      ['promote sent', 'b', 'L40', 100_330, 160],
      ['writable', 'b', 'L40', 100_388, 58],
    ]);
    expect(chain).toMatchObject({ leader: 'b', previous: 'a', timeline: 2, totalMs: 383 });
    expect(chain.longest).toEqual({ from: 'key gone', to: 'key taken', ms: 165 });
  });

  test('goes by who got the key, not by who tried last', () => {
    expect(lastRoleChange(NODE_DEATH)?.taken.member).toBe('c');
    expect(lastRoleChange(NODE_DEATH, 'b')?.taken.member).toBe('b');
    expect(lastRoleChange(NODE_DEATH, 'nobody known')?.taken.member).toBe('c');
  });

  test('of a switchover begins with what the old leader did', () => {
    const change = lastRoleChange(
      told([
        ...NODE_DEATH,
        { kind: 'switchover.started', member: 'b', wallMs: 200_000, rule: 'S20' },
        { kind: 'postgres.demoted', member: 'b', wallMs: 200_150 },
        { kind: 'leader.released', member: 'b', wallMs: 200_160, rule: 'S30' },
        { kind: 'leader.acquired', member: 'a', wallMs: 200_220, evidence: { previous: 'b', vacantMs: 40 } },
        { kind: 'postgres.promoted', member: 'a', wallMs: 200_300, evidence: { tookMs: 60 } },
      ]),
      'a',
    );
    const chain = change && failoverChain(change);
    expect(briefly(chain?.links ?? [])).toEqual([
      ['fault', 'b', 'S20', 200_000, undefined],
      ['key gone', 'a', 'X', 200_180, 180],
      ['key taken', 'a', 'X', 200_220, 40],
      ['promote sent', 'a', 'X', 200_240, 20],
      ['writable', 'a', 'X', 200_300, 60],
    ]);
    expect(chain?.previous).toBe('b');
  });

  test('of a leader that voters took for dead has when they did', () => {
    const change = lastRoleChange(
      told([
        { kind: 'leader.suspected', member: 'b', wallMs: 300_690, rule: 'V10' },
        { kind: 'leader.suspected', member: 'c', wallMs: 300_700, rule: 'V10' },
        {
          kind: 'leader.acquired',
          member: 'c',
          wallMs: 300_900,
          rule: 'V80',
          evidence: { previous: 'a', manner: 'revoked', vacantMs: 210 },
        },
      ]),
      'c',
    );
    expect(change?.story).toHaveLength(3);
    expect(briefly((change && failoverChain(change))?.links ?? [])).toEqual([
      ['suspected', 'c', 'V10', 300_690, undefined],
      ['key taken', 'c', 'V80', 300_900, 210],
    ]);
  });

  test('of a first leader, or of one that is not promoted yet, ends with what is known', () => {
    const first = lastRoleChange(NODE_DEATH.slice(0, 2), 'a');
    const chain = first && failoverChain(first);
    expect(briefly(chain?.links ?? [])).toEqual([['key taken', 'a', 'B40', 1_000, undefined]]);
    expect(chain).toMatchObject({ previous: undefined, timeline: undefined, totalMs: 0, longest: undefined });
    expect(lastRoleChange([], 'a')).toBeUndefined();
  });
});
