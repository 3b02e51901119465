import { LOOPBACK, type MemberPorts } from './ports.ts';
import { SUPERUSER } from './member-file.ts';

/** For libpq: it finds whichever member is the primary. The password stands in a file, not on the screen. */
export function connectionString(members: readonly MemberPorts[], passwordFile: string): string {
  const hosts = members.map(({ postgres }) => `${LOOPBACK}:${postgres}`).join(',');
  const passfile = encodeURIComponent(passwordFile).replaceAll('%2F', '/');
  return `postgresql://${SUPERUSER}@${hosts}/postgres?target_session_attrs=read-write&passfile=${passfile}`;
}

/** Lines of libpq's password file. */
export function passwordFileText(members: readonly MemberPorts[], password: string): string {
  return members.map(({ postgres }) => `${LOOPBACK}:${postgres}:*:${SUPERUSER}:${password}\n`).join('');
}
