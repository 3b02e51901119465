// A member that is run by Debian's Patroni, on the same file as the others.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AS_POSTGRES } from './as-postgres.ts';
import type { AgentCommand, TestMember } from './kornak-cluster.ts';

export const PATRONI = '/usr/bin/patroni';

export const patroniCommand: AgentCommand = (...args) => [...AS_POSTGRES, PATRONI, ...args];

/** Why there can be no such member here; undefined: there can. */
export function patroniMissing(): string | undefined {
  return existsSync(PATRONI) ? undefined : `${PATRONI} is not there: apt-get install patroni`;
}

/** It looks for nothing by itself: where the programs are, and where passwords may be kept, must be told. */
export async function fitForPatroni(member: TestMember): Promise<void> {
  const file = JSON.parse(await readFile(member.file, 'utf8')) as { readonly postgresql: object };
  const postgresql = {
    ...file.postgresql,
    bin_dir: '/usr/lib/postgresql/15/bin',
    pgpass: join(member.dir, 'pgpass'),
  };
  await writeFile(member.file, JSON.stringify({ ...file, postgresql }), { mode: 0o600 });
}
