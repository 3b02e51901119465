import { isSame, type QuorumOp, type QuorumState, union } from './quorum-state.ts';

/** Moves that would change nothing are none. */
function changes(ops: readonly QuorumOp[], state: QuorumState): QuorumOp[] {
  return ops.filter((op) =>
    op.kind === 'names'
      ? op.count !== state.count || !isSame(op.names, state.names)
      : op.leader !== state.leader || op.quorum !== state.quorum || !isSame(op.voters, state.voters),
  );
}

/**
 * From any state to any target by way of everybody: `/sync` names all of them with as great a quorum as either setting needs; then
 * the setting; then, when somebody holds everything acknowledged before it, `/sync` as it is to be.
 */
export function universalPath(state: QuorumState): readonly QuorumOp[] {
  const { me, names, active, confirmed } = state;
  const count = Math.min(state.count, names.size);
  const wanted = Math.min(state.wanted, active.size);
  const nobody: QuorumOp = { kind: 'voters', leader: me, quorum: 0, voters: new Set() };
  const target: QuorumOp = { kind: 'names', count: wanted, names: active };
  if (wanted === 0) return changes([nobody, target], state);
  if (isSame(names, active) && count === wanted && state.leader === me) {
    if (confirmed === 0) return [];
    const quorum = active.size - Math.min(wanted, confirmed);
    return changes([{ kind: 'voters', leader: me, quorum, voters: active }], state);
  }
  const all = union(union(state.voters, new Set([state.leader])), union(names, active));
  all.delete(me);
  const quorum = all.size - Math.min(count, wanted);
  const everybody: QuorumOp = quorum < all.size ? { kind: 'voters', leader: me, quorum, voters: all } : nobody;
  return changes([everybody, target], state);
}
