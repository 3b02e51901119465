import { changed } from '../model/changed.ts';
import type { DynamicConfig } from './dynamic-config.ts';
import { leaderTtlMsMax } from './leader-ttl.ts';

/** What a member's own file may set over the shared configuration; undefined: the file says nothing. */
export type LocalOverrides = {
  readonly [
    Key in
      | 'usePgRewind'
      | 'pgHba'
      | 'pgIdent'
      | 'removeDataDirectoryOnRewindFailure'
      | 'removeDataDirectoryOnDivergedTimelines'
      | 'leaderTtlMs'
      | 'healthTimeoutMs'
      | 'divergence'
  ]?: DynamicConfig[Key] | undefined;
};

/** The shared configuration as it holds on this member: what the local file sets replaces the shared value whole. */
export function effectiveConfig(dynamic: DynamicConfig, local: LocalOverrides): DynamicConfig {
  return changed(dynamic, {
    usePgRewind: local.usePgRewind ?? dynamic.usePgRewind,
    pgHba: local.pgHba ?? dynamic.pgHba,
    pgIdent: local.pgIdent ?? dynamic.pgIdent,
    removeDataDirectoryOnRewindFailure:
      local.removeDataDirectoryOnRewindFailure ?? dynamic.removeDataDirectoryOnRewindFailure,
    removeDataDirectoryOnDivergedTimelines:
      local.removeDataDirectoryOnDivergedTimelines ?? dynamic.removeDataDirectoryOnDivergedTimelines,
    // The file of one member cannot know what the cluster's ttl is by now.
    leaderTtlMs: Math.min(local.leaderTtlMs ?? dynamic.leaderTtlMs, leaderTtlMsMax(dynamic.ttlMs)),
    healthTimeoutMs: local.healthTimeoutMs ?? dynamic.healthTimeoutMs,
    divergence: local.divergence ?? dynamic.divergence,
  });
}
