import type { SystemAccount } from './options.ts';

/**
 * A program and its arguments as the account that PostgreSQL runs as. setpriv keeps that account's other groups
 * (ssl-cert, for one), which Node's own change of user drops; it replaces itself, so the child's pid is the program's.
 */
export function asAccount(
  runAs: SystemAccount | undefined,
  program: string,
  args: readonly string[],
): readonly [program: string, args: readonly string[]] {
  if (runAs === undefined) return [program, args];
  return ['setpriv', [`--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--init-groups', '--', program, ...args]];
}
