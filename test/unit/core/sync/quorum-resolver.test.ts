import { describe, expect, test } from 'vitest';
import { resolveQuorum } from '../../../../src/core/sync/quorum-resolver.ts';
import { keepsTogether, type QuorumOp, type QuorumState } from '../../../../src/core/sync/quorum-state.ts';

const setOf = (text: string): Set<string> => new Set(text.replaceAll(/[{}]/g, '').split(' ').filter(Boolean));
const listed = (names: ReadonlySet<string>): string => `{${[...names].toSorted().join(' ')}}`;

/** `L q V | n S k | A w me`, as the contract's table has it. */
function stateOf(before: string, setting: string, now: string): QuorumState {
  const [, leader = '', quorum, voters = ''] = /^(\w) (\d) (\{.*\})$/.exec(before) ?? [];
  const [, count, names = '', confirmed] = /^(\d) (\{.*\}) (\d)$/.exec(setting) ?? [];
  const [, active = '', wanted, me = ''] = /^(\{.*\}) (\d) (\w)$/.exec(now) ?? [];
  return {
    me,
    leader,
    quorum: Number(quorum),
    voters: setOf(voters),
    count: Number(count),
    names: setOf(names),
    confirmed: Number(confirmed),
    active: setOf(active),
    wanted: Number(wanted),
  };
}

function opText(op: QuorumOp): string {
  return op.kind === 'names'
    ? `s(${op.count},${listed(op.names)})`
    : `Q(${op.leader},${op.quorum},${listed(op.voters)})`;
}

function told(state: QuorumState): string {
  const { ops, restart, warning } = resolveQuorum(state);
  const moves = [...ops.map(opText), ...(restart ? ['R'] : [])].join(' ') || '–';
  return warning === undefined ? moves : `warn; ${moves}`;
}

// Appendix B of the contract, word for word.
const VECTORS = `
| idle | a 0 {} | 0 {} 0 | {} 1 a | – |
| first standby | a 0 {} | 0 {} 0 | {b} 1 a | s(1,{b}) R |
| not caught up yet | a 0 {} | 1 {b} 0 | {b} 1 a | R |
| caught up | a 0 {} | 1 {b} 1 | {b} 1 a | Q(a,0,{b}) |
| two at once | a 0 {} | 0 {} 0 | {b c} 1 a | s(1,{b c}) R |
| two listed, one caught up | a 0 {} | 1 {b c} 1 | {b c} 1 a | Q(a,1,{b c}) |
| w=2, one caught up | a 0 {} | 2 {b c} 1 | {b c} 2 a | Q(a,1,{b c}) |
| stable | a 1 {b c} | 1 {b c} 2 | {b c} 1 a | – |
| manager restart, k=0 | a 1 {b c} | 1 {b c} 0 | {b c} 1 a | – |
| add c | a 0 {b} | 1 {b} 1 | {b c} 1 a | Q(a,1,{b c}) s(1,{b c}) |
| add c, w=2 | a 0 {b} | 1 {b} 1 | {b c} 2 a | s(2,{b c}) Q(a,1,{b c}) |
| add c d, w=2 | a 0 {b} | 1 {b} 1 | {b c d} 2 a | s(2,{b c}) Q(a,2,{b c d}) s(2,{b c d}) |
| lose c | a 1 {b c} | 1 {b c} 2 | {b} 1 a | s(1,{b}) Q(a,0,{b}) |
| lose c, w=2 | a 0 {b c} | 2 {b c} 2 | {b} 2 a | Q(a,0,{b}) s(1,{b}) |
| lose all | a 1 {b c} | 1 {b c} 2 | {} 1 a | Q(a,0,{}) s(0,{}) |
| lose all, w=2 | a 0 {b c} | 2 {b c} 2 | {} 2 a | Q(a,0,{}) s(0,{}) |
| lose 2 of 3, w=2 | a 1 {b c d} | 2 {b c d} 3 | {b} 2 a | s(2,{b c}) Q(a,0,{b}) s(1,{b}) |
| lose 1 of 3, w=2 | a 1 {b c d} | 2 {b c d} 3 | {b c} 2 a | s(2,{b c}) Q(a,0,{b c}) |
| swap c→d | a 1 {b c} | 1 {b c} 2 | {b d} 1 a | s(1,{b}) Q(a,1,{b d}) s(1,{b d}) |
| w 1→2 | a 1 {b c} | 1 {b c} 2 | {b c} 2 a | s(2,{b c}) Q(a,0,{b c}) |
| w 2→1 | a 0 {b c} | 2 {b c} 2 | {b c} 1 a | Q(a,1,{b c}) s(1,{b c}) |
| w 2→1, four | a 2 {b c d e} | 2 {b c d e} 4 | {b c d e} 1 a | Q(a,3,{b c d e}) s(1,{b c d e}) |
| interrupted, V bigger | a 1 {b c} | 1 {b} 1 | {b c} 1 a | s(1,{b c}) |
| same, c dead | a 1 {b c} | 1 {b} 1 | {b} 1 a | Q(a,0,{b}) |
| interrupted, S bigger | a 0 {b} | 2 {b c} 1 | {b c} 2 a | Q(a,1,{b c}) |
| same, c dead | a 0 {b} | 2 {b c} 1 | {b} 2 a | s(1,{b}) |
| q too big | a 1 {b c} | 2 {b c} 2 | {b c} 2 a | Q(a,0,{b c}) |
| n too big | a 1 {b c} | 2 {b c} 2 | {b c} 1 a | s(1,{b c}) |
| b promoted, none reconnected | a 1 {b c} | 1 {a c} 0 | {} 1 b | Q(b,1,{a c}) |
| b promoted, c reconnected | a 1 {b c} | 1 {a c} 0 | {c} 1 b | Q(b,1,{a c}) s(1,{c}) Q(b,0,{c}) |
| next cycle, both back | b 1 {a c} | 1 {a c} 2 | {a c} 1 b | – |
| b promoted, q=0, w=2 | a 0 {b c} | 2 {a c} 0 | {} 2 b | Q(b,0,{a c}) |
| b promoted, GUC empty | a 1 {b c} | 0 {} 0 | {c} 1 b | s(1,{a c}) Q(b,1,{a c}) s(1,{c}) Q(b,0,{c}) |
| outsider d promoted | a 1 {b c} | 2 {a b c} 0 | {b c} 1 d | Q(d,1,{a b c}) s(2,{b c}) Q(d,1,{b c}) s(1,{b c}) |
| invariant broken | a 0 {b c} | 1 {b c} 2 | {b c} 1 a | warn; Q(a,1,{b c}) |
| sets disjoint | a 1 {b c} | 1 {b d} 1 | {b c d} 1 a | warn; Q(a,2,{b c d}) s(1,{b c d}) |
`;

const vectors = VECTORS.trim()
  .split('\n')
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('the vectors of the contract', () => {
  test('are all there', () => expect(vectors).toHaveLength(36));
  test.each(vectors)('%s: %s | %s | %s → %s', (...row) => {
    const [, before = '', setting = '', now = '', output] = row;
    expect(told(stateOf(before, setting, now))).toBe(output);
  });
});

describe('where the studied resolver stops with an error, the universal path goes on', () => {
  test('a standby comes in the cycle in which the count grows by two', () => {
    expect(told(stateOf('a 1 {b c}', '1 {b c} 2', '{b c d} 3 a'))).toBe('Q(a,2,{b c d}) s(3,{b c d})');
  });
  test('a standby that joined and left between two cycles (known failure 31)', () => {
    const state = stateOf('a 1 {b e}', '2 {b c e} 2', '{c e} 2 a');
    expect(told(state)).toBe('Q(a,1,{b c e}) s(2,{c e})');
    expect(keepsTogether({ ...state, voters: setOf('{b c e}') })).toBe(true);
  });
  test('the same with one left: commits wait for it alone', () => {
    expect(told(stateOf('a 1 {b e}', '2 {b c e} 1', '{e} 2 a'))).toBe('s(1,{e})');
  });
});
