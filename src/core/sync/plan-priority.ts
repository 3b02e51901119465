import { leastQuorum } from './footing.ts';
import { markMove } from './in-force.ts';
import { settingMove } from './setting-move.ts';
import type { SyncMove, SyncScene } from './sync-move.ts';
import { formatSyncNames } from './sync-names.ts';

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** Voters whom commits go on waiting for. Without a quorum each of them may lead alone, so each must hold everything. */
function keptVoters({ footing }: SyncScene, chosen: readonly string[]): readonly string[] {
  const { sync, names, me } = footing;
  if (sync.leader !== me) return [];
  const kept = sync.voters.filter((name) => chosen.includes(name) && names.names.includes(name));
  return leastQuorum(kept, footing) === 0 ? kept : [];
}

/** Priority mode: commits wait for all of the chosen ones, and any of them may lead. */
export function planPriority(scene: SyncScene): SyncMove | undefined {
  const { input, footing, active } = scene;
  const { me, sync } = footing;
  const chosen = active.slice(0, Math.max(1, input.count)).toSorted();
  const kept = keptVoters(scene, chosen);
  const setting = settingMove(scene, { names: chosen, count: chosen.length }, formatSyncNames(chosen));

  if (!isSame(kept, sync.voters) || sync.quorum !== 0 || sync.leader !== me) {
    const gone = sync.voters.filter((name) => !kept.includes(name)).join(', ') || sync.leader;
    const writeSync = { leader: me, voters: kept, quorum: 0 };
    return { why: `${gone} is not waited for any more`, writeSync, ...setting.now };
  }
  if (setting.wait !== undefined) return { why: setting.wait };
  if (setting.now !== undefined)
    return { why: `commits are to wait for ${chosen.join(', ') || 'nobody'}`, ...setting.now };
  const joining = chosen.filter((name) => !kept.includes(name));
  return joining.length === 0 ? undefined : admit(scene, joining);
}

/** The setting is written; whoever has flushed a mark taken while it was in force holds everything acknowledged. */
function admit(scene: SyncScene, joining: readonly string[]): SyncMove {
  const { footing } = scene;
  const { me, sync, holders } = footing;
  const mark = markMove(scene);
  if (mark !== undefined) return mark;
  const passed = joining.filter((name) => holders?.has(name) === true);
  if (passed.length === 0) return { why: `waiting for ${joining.join(', ')} to pass the mark` };
  const voters = [...sync.voters, ...passed].toSorted();
  return { why: `${passed.join(', ')} holds every acknowledged commit`, writeSync: { leader: me, voters, quorum: 0 } };
}
