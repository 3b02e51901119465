import { describe, expect, test } from 'vitest';
import { type HostView, wholeUnder } from '../../../chaos/net/wholeness.ts';

const told = (...rows: readonly (readonly [name: string, role: string, state: string])[]) => ({
  members: rows.map(([name, role, state]) => ({ name, role, state })),
});
const GOOD = told(['a', 'leader', 'running'], ['b', 'sync_standby', 'streaming'], ['c', 'replica', 'streaming']);

function views(change: Readonly<Record<string, Partial<HostView>>> = {}): readonly HostView[] {
  return ['a', 'b', 'c'].map((name) => ({ name, standby: name !== 'a', cluster: GOOD, ...change[name] }));
}

describe('a cluster is whole', () => {
  test('under the one primary that everybody streams from and names', () => {
    expect(wholeUnder(views(), 2)).toBe('a');
  });

  test.each<readonly [string, Readonly<Record<string, Partial<HostView>>>, number]>([
    ['nobody accepts writes', { a: { standby: true } }, 2],
    ['two accept writes', { b: { standby: false } }, 2],
    ['one does not say whether it does', { c: { standby: undefined } }, 2],
    ['one does not stream', {}, 1],
    ['an agent does not answer', { b: { cluster: undefined } }, 2],
    ['an agent knows of two members only', { b: { cluster: told(['a', 'leader', 'running']) } }, 2],
    [
      'an agent names another leader',
      {
        c: { cluster: told(['a', 'replica', 'streaming'], ['b', 'leader', 'running'], ['c', 'replica', 'streaming']) },
      },
      2,
    ],
    [
      'an agent names no leader',
      { c: { cluster: told(['a', 'replica', 'running'], ['b', 'replica', 'running'], ['c', 'replica', 'running']) } },
      2,
    ],
    [
      'an agent tells of one that is being started',
      { a: { cluster: told(['a', 'leader', 'running'], ['b', 'replica', 'starting'], ['c', 'replica', 'streaming']) } },
      2,
    ],
  ])('not while %s', (_, change, streaming) => {
    expect(wholeUnder(views(change), streaming)).toBeUndefined();
  });
});
