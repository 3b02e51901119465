// Removes whatever a run has made, by its name alone: processes, namespaces with their rules, mounts, files. It is the end of every
// run, also of one that was killed, and the beginning of the next.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { groupsRoot, ProcessGroup } from '../../test/support/process-group.ts';

const PREFIX = 'kornak-net-';
const SHARED_MEMORY = '/dev/shm';
const run = promisify(execFile);

export function runName(pid: number): string {
  return `${PREFIX}${pid}`;
}

export function runDir(name: string): string {
  return join(tmpdir(), name);
}

export async function sweep(name: string): Promise<void> {
  const root = groupsRoot();
  const belongs = (item: string): boolean => item.startsWith(`${name}-`);
  const namespaces = (await namespaceNames()).filter(belongs);
  const groups = root === undefined ? [] : readdirSync(root).filter(belongs);
  for (const item of new Set([...groups, ...namespaces])) {
    for (const base of new Set([root, undefined])) {
      const group = new ProcessGroup(base, item, item);
      await group.kill();
      await group.remove();
    }
  }
  for (const item of namespaces) await run('ip', ['netns', 'del', item]);
  await removeSharedMemory(name);
  await removeClocks();
  for (const path of mountsBelow(runDir(name))) await run('umount', ['-l', path]);
  await rm(runDir(name), { recursive: true, force: true });
}

/** What runs before us have left because nothing could stop their end. */
export async function sweepLeftovers(): Promise<readonly string[]> {
  const root = groupsRoot();
  const items = [
    ...(await namespaceNames()),
    ...(root === undefined ? [] : readdirSync(root)),
    ...readdirSync(tmpdir()),
  ];
  const names = new Set(items.map((item) => /^kornak-net-\d+/.exec(item)?.[0]).filter((name) => name !== undefined));
  const dead = [...names].filter((name) => !isRun(Number(name.slice(PREFIX.length))));
  for (const name of dead) await sweep(name);
  return dead;
}

/** A number that was given to some other process since does not count. */
function isRun(pid: number): boolean {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) && readFileSync(path, 'utf8').includes('chaos/main');
}

async function namespaceNames(): Promise<readonly string[]> {
  const { stdout } = await run('ip', ['netns', 'list']).catch(() => ({ stdout: '' }));
  return stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
}

function mountsBelow(dir: string): readonly string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .toReversed();
}

/** A PostgreSQL that is killed leaves the segment that its lock file names. */
async function removeSharedMemory(name: string): Promise<void> {
  if (!existsSync(runDir(name))) return;
  for (const member of readdirSync(runDir(name))) {
    const lock = join(runDir(name), member, 'disk/data/postmaster.pid');
    const segment = existsSync(lock) ? readFileSync(lock, 'utf8').split('\n')[6]?.trim().split(/\s+/)[1] : undefined;
    if (segment !== undefined) await run('ipcrm', ['-m', segment]).catch(() => undefined);
  }
}

/** libfaketime leaves two files for each process that was killed; those of living ones are let alone. */
async function removeClocks(): Promise<void> {
  for (const file of existsSync(SHARED_MEMORY) ? readdirSync(SHARED_MEMORY) : []) {
    const pid = /^(?:sem\.)?faketime_\w+_(\d+)$/.exec(file)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await rm(join(SHARED_MEMORY, file), { force: true });
  }
}
