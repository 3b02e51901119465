// A small ext4 on a loop device, for faults of a disk that no fake shows: frozen, read-only, full. Whatever becomes of the test,
// a process of its own thaws and unmounts it after a while: what hangs in a frozen file system cannot be killed.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE = '400M';
const FILLER = '.filler';
const AFTER_ALL_S = 240;
const FROZEN_MAX_S = 45;

/** Why such disks cannot be had here; undefined: they can. */
export function loopDisksRefused(): string | undefined {
  if (userInfo().uid !== 0) return 'not root';
  const dir = join(tmpdir(), `kornak-loop-${process.pid}`);
  try {
    mkdirSync(dir);
    const disk = new LoopDisk(join(dir, 'image'), join(dir, 'mount'), 'root');
    execFileSync('fsfreeze', ['-f', disk.path], { stdio: 'pipe' });
    execFileSync('fsfreeze', ['-u', disk.path], { stdio: 'pipe' });
    disk.dispose();
    return undefined;
  } catch (error) {
    return `loop devices or fsfreeze are not permitted: ${String(error).split('\n')[0]}`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export class LoopDisk {
  readonly path: string;
  readonly #image: string;
  readonly #reaper: ChildProcess;
  #thawer: ChildProcess | undefined;

  constructor(image: string, path: string, owner: string) {
    this.path = path;
    this.#image = image;
    mkdirSync(path, { recursive: true });
    execFileSync('truncate', ['-s', SIZE, image]);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'pipe' });
    this.#mount();
    rmSync(join(path, 'lost+found'), { recursive: true });
    execFileSync('chown', [`${owner}:`, path]);
    execFileSync('chmod', ['700', path]);
    this.#reaper = later(AFTER_ALL_S, `fsfreeze -u '${path}'; umount -l '${path}'`);
  }

  /** Every write waits, its process in state D. */
  async freeze(): Promise<void> {
    this.#thawer = later(FROZEN_MAX_S, `fsfreeze -u '${this.path}'`);
    await run('fsfreeze', ['-f', this.path]);
  }

  async thaw(): Promise<void> {
    await run('fsfreeze', ['-u', this.path]);
    this.#thawer?.kill('SIGKILL');
  }

  /** As the kernel does when it finds the file system damaged. */
  async makeReadOnly(): Promise<void> {
    const { stdout } = await run('findmnt', ['-n', '-o', 'SOURCE', this.path]);
    writeFileSync(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, '1');
  }

  /** Takes a new mount: nobody may work in it. */
  async repair(): Promise<void> {
    await run('umount', [this.path]);
    await run('e2fsck', ['-y', '-f', this.#image]).catch((error: { code?: number }) => {
      if (error.code !== 1) throw error; // 1: errors were corrected.
    });
    this.#mount();
  }

  /** Leaves only so much. */
  async fill(leftBytes: number): Promise<void> {
    const { stdout } = await run('stat', ['-f', '-c', '%a %S', this.path]);
    const [blocks = 0, size = 0] = stdout.trim().split(' ').map(Number);
    await run('fallocate', ['-l', String(blocks * size - leftBytes), join(this.path, FILLER)]);
  }

  unfill(): void {
    rmSync(join(this.path, FILLER), { force: true });
  }

  dispose(): void {
    attempt(() => execFileSync('fsfreeze', ['-u', this.path], { stdio: 'pipe' }));
    attempt(() => execFileSync('umount', ['-l', this.path], { stdio: 'pipe' }));
    for (const helper of [this.#reaper, this.#thawer]) helper?.kill('SIGKILL');
    rmSync(this.#image, { force: true });
  }

  #mount(): void {
    execFileSync('mount', ['-o', 'loop,errors=remount-ro', this.#image, this.path], { stdio: 'pipe' });
  }
}

function attempt(act: () => unknown): void {
  try {
    act();
  } catch {
    // Not frozen, or not mounted any more.
  }
}

function later(seconds: number, command: string): ChildProcess {
  const child = spawn('sh', ['-c', `exec 2>/dev/null; sleep ${seconds}; ${command}`], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  });
  child.unref();
  return child;
}
