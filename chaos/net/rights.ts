import { execFileSync } from 'node:child_process';
import { loopDisksRefused } from '../../test/support/loop-disk.ts';
import { namespacesMissing } from '../../test/support/namespaces.ts';
import { groupsRoot } from '../../test/support/process-group.ts';
import { canFakeTime } from './net-strike.ts';

const PROGRAMS = ['ip', 'nft', 'nsenter', 'setpriv', 'ss', 'curl', 'etcd', 'mkfs.ext4', 'e2fsck', 'findmnt'] as const;

/** Why hosts of their own cannot be had here; undefined: they can. */
export function netRefused(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces, mounts and cgroups need root';
  const absent = PROGRAMS.filter((name) => !succeeds('which', name));
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  if (!succeeds('id', 'postgres')) return 'there is no account postgres for the agents to run as';
  return namespacesMissing() ?? loopDisksRefused();
}

/** What is done in another way, or not at all. */
export function netLimits(): readonly string[] {
  return [
    ...(groupsRoot() === undefined
      ? ['cgroups cannot be made: hosts freeze by a signal to each of their processes']
      : []),
    ...(canFakeTime() ? [] : ['libfaketime is not installed (package faketime): clock-jump does nothing']),
  ];
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
