import type { FollowTarget } from '../core/model/job.ts';
import type { Upstream } from '../core/model/local-postgres.ts';
import { type PostgresOptions, pgpassFileOf } from './options.ts';

/** libpq's keyword form. No password ever stands in it: it is read from the pgpass file that it names. */
export function conninfo(pairs: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(pairs)
    .filter((pair): pair is [string, string | number] => pair[1] !== undefined && pair[1] !== '')
    .map(([key, value]) => `${key}=${escapeValue(String(value))}`)
    .join(' ');
}

/** What a standby streams with. */
export function primaryConninfo(options: PostgresOptions, follow: FollowTarget, majorVersion: number): string {
  return conninfo({
    dbname: options.database,
    user: options.replication.username,
    passfile: options.replication.password === undefined ? undefined : pgpassFileOf(options),
    host: follow.upstream.host,
    port: follow.upstream.port,
    sslmode: 'prefer',
    application_name: follow.remote?.applicationName ?? options.memberName,
    gssencmode: 'prefer',
    channel_binding: majorVersion >= 13 ? 'prefer' : undefined,
    target_session_attrs: sessionAttributes(follow, majorVersion),
  });
}

/** Of several hosts the one that accepts writes is meant. */
export function sessionAttributes({ upstream }: FollowTarget, majorVersion: number): string | undefined {
  return upstream.host.includes(',') && majorVersion >= 10 ? 'read-write' : undefined;
}

/** Where a conninfo leads; undefined where it is empty or names no host. */
export function upstreamFromConninfo(text: string): Upstream | undefined {
  const pairs = conninfoPairs(text);
  const host = pairs.get('host') ?? pairs.get('hostaddr');
  return host === undefined ? undefined : { host, port: Number(pairs.get('port') ?? 5432) };
}

export function conninfoPairs(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const match of text.matchAll(/(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))/g)) {
    const [, key = '', quoted, bare = ''] = match;
    pairs.set(key, (quoted ?? bare).replaceAll(/\\(.)/g, '$1'));
  }
  return pairs;
}

function escapeValue(value: string): string {
  return value.replaceAll(/['\\ ]/g, String.raw`\$&`);
}
