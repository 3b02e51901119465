import type { SyncMove, SyncScene } from './sync-move.ts';
import { isSameName, parseSyncNames } from './sync-names.ts';

/** A change of what commits wait for: to be made now, to be waited with, or none at all. */
export interface SettingMove {
  readonly now?: Pick<SyncMove, 'setNames' | 'mark'>;
  readonly wait?: string;
}

/** The server's setting says this already, however it is spelled. */
function says(text: string, wanted: string): boolean {
  if (text === wanted) return true;
  const [there, here] = [parseSyncNames(text), parseSyncNames(wanted)];
  const isSame = there.names.every((name) => here.names.some((other) => isSameName(other, name)));
  const isMeant = there.readable && there.method === here.method && there.count === here.count;
  return isMeant && isSame && there.names.length > 0 && there.names.length === here.names.length;
}

/** `text`: the setting for any `count` of `names`; undefined: nobody, for whom strict mode is not asked here. */
export function settingMove(
  { input }: SyncScene,
  wanted: { readonly names: readonly string[]; readonly count: number },
  text: string | undefined,
): SettingMove {
  const inServer = input.primary.sync.names;
  if (says(inServer, text ?? '')) return {};
  // The checkpointer reads nothing during a forced checkpoint, and it decides whether commits wait at all.
  if (inServer === '' && wanted.names.length > 0 && input.checkpointAhead)
    return { wait: 'a checkpoint runs: no first standby before it has ended' };
  return { now: { setNames: text ?? null, mark: null } };
}
