import { isBroken, safeSync } from './footing.ts';
import type { SyncMove, SyncScene } from './sync-move.ts';
import { settingMove } from './setting-move.ts';
import { formatAnyOf, formatPlaceholder, formatSyncNames, isSameName } from './sync-names.ts';

const HELD = 'No active replication connections from Patroni members and synchronous_mode_strict is requested';

/**
 * Strict mode without a standby: commits wait for those who were voters last, who therefore stay electable; for nobody's
 * acknowledgement if there were none. undefined: not the case.
 */
export function strictHold(scene: SyncScene): SyncMove | undefined {
  const { input, footing, active } = scene;
  if (!input.strict || active.length > 0 || footing.sync.leader !== footing.me) return undefined;
  const { voters, quorum } = footing.sync;
  if (isBroken(footing)) {
    const writeSync = safeSync({ voters, quorum }, footing);
    return { why: 'commits do not wait for the voters', ...(writeSync === undefined ? {} : { writeSync }) };
  }
  const staying = voters.filter((name) => ![...input.leaving].some((each) => isSameName(each, name)));
  if (staying.length < voters.length) {
    const writeSync = safeSync({ voters: staying, quorum }, footing) ?? { leader: footing.me, voters: [], quorum: 0 };
    return { why: 'a voter leaves', writeSync };
  }
  const isQuorum = input.mode === 'quorum' || quorum > 0;
  const count = Math.max(1, voters.length - quorum);
  const names = isQuorum ? formatAnyOf(voters, count) : formatSyncNames(voters);
  const setting = settingMove(scene, { names: voters, count }, names ?? formatPlaceholder(isQuorum));
  return { why: setting.wait ?? HELD, ...setting.now, holds: true };
}
