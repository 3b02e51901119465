import type { Upstream } from '../core/model/local-postgres.ts';
import type { Login, PostgresOptions } from './options.ts';
import { writeFileIfChanged } from './write-file.ts';

/** Writes the one login that a tool or the receiver needs for this place; without a password there is nothing to write. */
export async function writePgpass(
  options: PostgresOptions,
  path: string,
  place: Upstream,
  login: Login,
): Promise<void> {
  if (login.password === undefined) return;
  const text = pgpassText(place, login.username, login.password.reveal());
  await writeFileIfChanged({ path, mode: 0o600, owner: options.runAs }, text);
}

export function pgpassText(place: Upstream, username: string, password: string): string {
  const line = (host: string): string => [host, String(place.port), '*', username, password].map(escapeField).join(':');
  // libpq looks a socket's directory up as localhost when it is its default one.
  const hosts = place.host.startsWith('/') ? [place.host, 'localhost'] : place.host.split(',');
  return `${hosts.map(line).join('\n')}\n`;
}

function escapeField(value: string): string {
  if (value === '*') return value;
  return value === '' ? '*' : value.replaceAll(/[:\\]/g, String.raw`\$&`);
}
