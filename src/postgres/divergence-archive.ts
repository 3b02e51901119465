import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DivergenceRecord } from '../core/model/divergence-record.ts';
import { fieldOf, recordFromJson, textField } from '../core/layout/fields.ts';
import { realPath } from './find-postmaster.ts';
import { removeAside } from './linked-directories.ts';
import type { PostgresOptions } from './options.ts';
import { ensureDirectory, readIfPresent, removeFile, writeFileIfChanged } from './write-file.ts';

/** Discarded ones are kept as a line in the list; beyond so many the oldest go. */
const DISCARDED_MAX = 50;
const ID = /^[0-9]{8}T[0-9]{6}(-[0-9]{1,3})?$/;

/** Beside the data directory, never in it: what is kept here outlives every rewind and every clone. */
export function archiveDir(options: PostgresOptions): string {
  return join(options.stateDir, 'divergence');
}

export function walDirOf(options: PostgresOptions, id: string): string {
  return join(archiveDir(options), id);
}

/** Oldest first. What cannot be read is left out. */
export async function readRecords(options: PostgresOptions): Promise<readonly DivergenceRecord[]> {
  const names = await readdir(archiveDir(options)).catch(() => []);
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const found = await Promise.all(ids.filter((id) => ID.test(id)).map((id) => readRecord(options, id)));
  return found.filter((record) => record !== undefined).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

export async function readRecord(options: PostgresOptions, id: string): Promise<DivergenceRecord | undefined> {
  if (!ID.test(id)) return undefined;
  const text = await readIfPresent(pathOf(options, id));
  const record = text === undefined ? undefined : recordFromJson(text);
  return record !== undefined && isRecordOf(record, id) ? record : undefined;
}

/** We wrote it ourselves, whole or not at all; only whether it is one of ours is looked at. */
function isRecordOf(value: unknown, id: string): value is DivergenceRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = { ...value };
  return (
    textField(record, 'id') === id &&
    textField(record, 'state') !== undefined &&
    Array.isArray(fieldOf(record, 'relations'))
  );
}

export async function writeRecord(options: PostgresOptions, record: DivergenceRecord): Promise<void> {
  await ensureDirectory(options.stateDir, options.runAs);
  await ensureDirectory(archiveDir(options), options.runAs);
  const target = { path: pathOf(options, record.id), mode: 0o600, owner: options.runAs };
  await writeFileIfChanged(target, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** An id that no record has: the moment, to the second, and a number where one second has several. */
export async function newId(options: PostgresOptions): Promise<string> {
  const moment = options.clock
    .wallAt()
    .replace(/[+Z].*$|\.\d+/g, '')
    .replaceAll(/[:-]/g, '');
  const taken = new Set((await readRecords(options)).map(({ id }) => id));
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? moment : `${moment}-${count}`;
    if (!taken.has(id)) return id;
  }
}

/**
 * People need nothing of it any more: the copy of the WAL and a data directory moved aside are deleted, and what was held may be
 * given up. A line stays in the list. undefined: there is no such record.
 */
export async function discardRecord(options: PostgresOptions, id: string): Promise<DivergenceRecord | undefined> {
  const record = await readRecord(options, id);
  if (record === undefined) return undefined;
  if (record.setAside !== null && isOurs(options, record.setAside)) await removeAside(record.setAside);
  await rm(walDirOf(options, id), { recursive: true, force: true });
  const discarded: DivergenceRecord = { ...record, kept: null, setAside: null, state: 'discarded' };
  await writeRecord(options, discarded);
  const old = (await readRecords(options)).filter(({ state }) => state === 'discarded');
  for (const each of old.slice(0, Math.max(0, old.length - DISCARDED_MAX))) await removeFile(pathOf(options, each.id));
  return discarded;
}

/** Only what we moved there ourselves: `DATA_DIR.WORK-TIME`, beside the data directory. */
export function isOurs(options: PostgresOptions, path: string): boolean {
  const dataDir = realPath(options.dataDir);
  const rest = basename(path).slice(basename(dataDir).length);
  return (
    dirname(path) === dirname(dataDir) &&
    basename(path).startsWith(basename(dataDir)) &&
    /^\.[a-z]+-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}(-[0-9]+)?$/.test(rest)
  );
}

function pathOf(options: PostgresOptions, id: string): string {
  return join(archiveDir(options), `${id}.json`);
}
