import { mayWaitFor, safeSync } from './footing.ts';
import { markMove } from './in-force.ts';
import { resolveQuorum } from './quorum-resolver.ts';
import type { QuorumOp, QuorumState } from './quorum-state.ts';
import { settingMove } from './setting-move.ts';
import type { SyncMove, SyncScene } from './sync-move.ts';
import { formatAnyOf } from './sync-names.ts';
import type { SyncState } from '../model/cluster.ts';

/** Everybody who acknowledges; who may not lead only while there are not enough others. */
function electorate({ input, active, nofailover }: SyncScene): readonly string[] {
  const able = active.filter((name) => !nofailover.has(name));
  const unable = active.filter((name) => nofailover.has(name));
  return [...able, ...unable.slice(0, Math.max(0, input.count - able.length))];
}

function stateOf(scene: SyncScene): QuorumState {
  const { input, footing } = scene;
  const { me, sync, names, holders } = footing;
  const active = new Set(electorate(scene));
  return {
    me,
    leader: sync.leader,
    quorum: sync.quorum,
    voters: new Set(sync.voters),
    count: names.count,
    names: new Set(names.names),
    confirmed: names.names.filter((name) => active.has(name) && holders?.has(name) === true).length,
    active,
    wanted: Math.max(1, input.count),
  };
}

function isSameSync(a: SyncState, b: SyncState): boolean {
  return (
    a.leader === b.leader &&
    a.quorum === b.quorum &&
    a.voters.length === b.voters.length &&
    a.voters.every((name) => b.voters.includes(name))
  );
}

type Steps = Pick<SyncMove, 'writeSync' | 'setNames' | 'mark'> & { readonly wait?: string };

/** What can be done of the resolver's moves now: up to the first change of the setting, each only as far as it is safe. */
function firstSteps(scene: SyncScene, ops: readonly QuorumOp[]): Steps {
  let sync: SyncState = scene.footing.sync;
  for (const op of ops) {
    if (op.kind === 'voters') {
      sync = safeSync({ voters: [...op.voters], quorum: op.quorum }, scene.footing) ?? sync;
      continue;
    }
    const names = [...op.names];
    const setting = settingMove(scene, { names, count: op.count }, formatAnyOf(names, op.count));
    const written = isSameSync(sync, scene.footing.sync) ? {} : { writeSync: sync };
    if (setting.wait !== undefined) return { ...written, wait: setting.wait };
    const isSafe = mayWaitFor(op.count, names, sync, scene.footing.me);
    if (setting.now !== undefined && isSafe) return { ...written, ...setting.now };
    return written;
  }
  return isSameSync(sync, scene.footing.sync) ? {} : { writeSync: sync };
}

/** The setting names the right ones in priority's way: it is written anew. */
function asAny(scene: SyncScene): SyncMove | undefined {
  const { names } = scene.footing;
  if (names.method !== 'first' || names.names.length === 0 || !names.readable) return undefined;
  const { now } = settingMove(scene, names, formatAnyOf(names.names, names.count));
  return now === undefined ? undefined : { why: 'commits are to wait for any of the voters', ...now };
}

/** Names nobody that could be waited for, and commits wait all the same: strict mode's placeholder, or what cannot be read. */
function isLeftover({ input, footing, active }: SyncScene): boolean {
  return active.length === 0 && footing.names.names.length === 0 && input.primary.sync.names !== '';
}

function why(steps: Steps): string {
  const { writeSync, setNames } = steps;
  if (setNames !== undefined) return `commits are to wait for ${setNames ?? 'nobody'}`;
  return writeSync === undefined ? (steps.wait ?? '') : 'every acknowledged commit stays electable';
}

/** Quorum mode: commits wait for any `count` of all standbys, and whoever has the votes of the quorum may lead. */
export function planQuorum(scene: SyncScene): SyncMove | undefined {
  const { ops, restart, warning } = resolveQuorum(stateOf(scene));
  const steps = firstSteps(scene, ops);
  const { wait, ...done } = steps;
  if (done.writeSync !== undefined || done.setNames !== undefined) return { why: warning ?? why(steps), ...done };
  if (wait !== undefined) return { why: wait };
  const mark = markMove(scene);
  if (mark !== undefined) return mark;
  if (isLeftover(scene)) return { why: 'nobody is there to be waited for', setNames: null, mark: null };
  if (restart || ops.length > 0) return { why: 'waiting for the standbys to pass the mark' };
  return asAny(scene);
}
