import type { Login } from '../options.ts';

/** What to do about a refusal by another member, as far as its text tells; empty where it does not. */
export function accessRemedy(said: string, login: Login, section: 'replication' | 'rewind' | 'superuser'): string {
  const where = `postgresql.authentication.${section}`;
  if (/password authentication failed|no password supplied/.test(said)) {
    return `\nThe password of "${login.username}" in ${where} is not the one that the cluster has.`;
  }
  if (/no pg_hba\.conf entry/.test(said)) {
    return `\nAdd a line for "${login.username}" and this host to postgresql.pg_hba of that member.`;
  }
  if (/role ".*" does not exist|must be superuser or replication/.test(said)) {
    return `\nCreate the role that ${where} names, with what it needs, on the primary.`;
  }
  if (/replication slot ".*" does not exist/.test(said)) return '\nThe slot must be made there first.';
  return '';
}
