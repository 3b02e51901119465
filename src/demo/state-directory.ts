// Where the demo keeps everything, outside the checkout. A directory is the demo's when its record stands in it; any
// other that is not empty is left alone.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DemoRecord, recordFrom, recordText } from './demo-record.ts';
import { isAlive } from './process-table.ts';
import { StartError } from './start-error.ts';

export interface StateDirectory {
  /** Without symbolic links, as the kernel names working directories. */
  readonly path: string;
  /** What an earlier demo left there; undefined: nothing to resume. */
  readonly left: DemoRecord | undefined;
  /** It was there before us, so it stays. */
  readonly existed: boolean;
}

const RECORD_NAME = 'demo.json';
const DEFAULTS_MAX = 20;

export function openStateDirectory(wished: string | undefined): StateDirectory {
  return wished === undefined ? openDefault() : openGiven(resolve(wished));
}

export function writeRecord(dir: string, record: DemoRecord): void {
  const path = join(dir, RECORD_NAME);
  writeFileSync(`${path}.new`, recordText(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function emptyStateDirectory(dir: string): void {
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
}

/** Some seconds where the file system discards blocks as it deletes. */
export function removeStateDirectory(dir: string): Promise<void> {
  return rm(dir, { recursive: true, force: true });
}

function openGiven(dir: string): StateDirectory {
  const existed = existsSync(dir);
  if (!existed) createOwn(dir);
  const path = realpathSync(dir);
  const left = readRecord(path);
  if (left === undefined && readdirSync(path).length > 0) {
    throw new StartError(`${dir} is not empty and not a demo's. Choose another directory with --dir.`);
  }
  if (isInUse(left)) throw new StartError(`${dir} is used by a demo that runs (pid ${left?.demo.pid}).`);
  return { path, left, existed };
}

/** A kept one is resumed; while one is in use, the next. Its name is known, so others' directories are kept away from. */
function openDefault(): StateDirectory {
  const uid = process.getuid?.() ?? 0;
  for (let number = 1; number <= DEFAULTS_MAX; number += 1) {
    const dir = join(tmpdir(), number === 1 ? `kornak-demo-${uid}` : `kornak-demo-${uid}-${number}`);
    if (createOwn(dir)) return { path: realpathSync(dir), left: undefined, existed: false };
    const left = isOwn(dir, uid) ? readRecord(dir) : undefined;
    if (left !== undefined && !isInUse(left)) return { path: realpathSync(dir), left, existed: left.kept };
  }
  throw new StartError(`No free directory in ${tmpdir()}. Name one with --dir.`);
}

function createOwn(dir: string): boolean {
  try {
    mkdirSync(dir);
    // Whatever the umask says: PostgreSQL's owner must be able to enter.
    chmodSync(dir, 0o755);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new StartError(`${dir} cannot be created. Name another directory with --dir.`, { cause: error });
  }
}

function isOwn(dir: string, uid: number): boolean {
  const found = lstatSync(dir);
  return found.isDirectory() && found.uid === uid;
}

function isInUse(left: DemoRecord | undefined): boolean {
  return left !== undefined && isAlive(left.demo);
}

function readRecord(dir: string): DemoRecord | undefined {
  const path = join(dir, RECORD_NAME);
  return existsSync(path) ? recordFrom(readFileSync(path, 'utf8')) : undefined;
}
