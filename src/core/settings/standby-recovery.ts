import type { StandbySettings } from './standby-section.ts';

/** What a standby cluster's section sets for the recovery of a member; the delay only where the other cluster is followed. */
export function recoveryOf(
  section: StandbySettings | undefined,
  followsRemote: boolean,
): Readonly<Record<string, string>> | undefined {
  if (section === undefined) return undefined;
  const given = {
    restore_command: section.restoreCommand,
    archive_cleanup_command: section.archiveCleanupCommand,
    recovery_min_apply_delay: followsRemote ? section.recoveryMinApplyDelay : undefined,
  };
  const entries = Object.entries(given).flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]));
  return Object.fromEntries(entries);
}
