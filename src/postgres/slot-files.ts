import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresOptions } from './options.ts';
import { type FileOwner, exists, syncDirectory } from './write-file.ts';

/** The state of a slot as PostgreSQL keeps it in a file, whole. */
export interface SlotState {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Puts a slot into a stopped server's directory, whole or not at all, in place of one of that name. What an interruption
 * leaves ends with .tmp: PostgreSQL clears such directories away when it starts.
 */
export async function putSlotFile(options: PostgresOptions, { name, bytes }: SlotState): Promise<void> {
  const dir = join(options.dataDir, 'pg_replslot');
  const wanted = join(dir, name);
  const [made, former] = [`${wanted}.new.tmp`, `${wanted}.old.tmp`];
  for (const left of [made, former]) await rm(left, { recursive: true, force: true });
  await writeSlot(made, bytes, (await stat(dir)).mode & 0o777, options.runAs);
  if (await exists(wanted)) await rename(wanted, former);
  await rename(made, wanted);
  await syncDirectory(dir);
  await rm(former, { recursive: true, force: true });
}

async function writeSlot(path: string, bytes: Buffer, dirMode: number, owner: FileOwner | undefined): Promise<void> {
  await mkdir(path, { mode: dirMode });
  const file = await open(join(path, 'state'), 'wx', dirMode & 0o666);
  try {
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  const dir = await open(path, 'r');
  try {
    if (owner !== undefined) await dir.chown(owner.uid, owner.gid);
    await dir.sync();
  } finally {
    await dir.close();
  }
}
