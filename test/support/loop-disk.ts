// A small ext4 on a loop device, for faults of a disk that no fake shows: frozen, read-only, full. Whatever becomes of the test,
// a process of its own thaws and unmounts it after a while: what hangs in a frozen file system cannot be killed.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE_MIB = 400;
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

export interface LoopDiskOptions {
  readonly sizeMiB?: number;
  /** Whoever makes it sees to its end in every case: nothing unmounts it after a while. */
  readonly isKept?: boolean;
}

export class LoopDisk {
  readonly path: string;
  readonly #image: string;
  readonly #owner: string;
  readonly #sizeMiB: number;
  readonly #reaper: ChildProcess | undefined;
  #thawer: ChildProcess | undefined;

  constructor(image: string, path: string, owner: string, options: LoopDiskOptions = {}) {
    this.path = path;
    this.#image = image;
    mkdirSync(path, { recursive: true });
    this.#owner = owner;
    this.#sizeMiB = options.sizeMiB ?? SIZE_MIB;
    this.#make();
    this.#reaper =
      options.isKept === true ? undefined : later(AFTER_ALL_S, `fsfreeze -u '${path}'; umount -l '${path}'`);
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

  /** A new, empty one in its place: nobody may work in the old one. */
  async replace(): Promise<void> {
    await run('umount', [this.path]);
    this.#make();
  }

  /** As after a reboot that found it damaged: nobody may work in it. */
  async repair(): Promise<void> {
    await run('umount', [this.path]);
    // 1: errors were corrected.
    await run('e2fsck', ['-f', '-y', this.#image]).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 1)) throw error;
    });
    this.#mount();
  }

  /** Leaves a few MiB, less than a WAL segment. */
  async fill(): Promise<void> {
    const { stdout } = await run('stat', ['-f', '-c', '%a %S', this.path]);
    const [blocks = 0, size = 0] = stdout.trim().split(' ').map(Number);
    // PostgreSQL writes meanwhile, and the file system keeps some for its own books.
    for (let leftMiB = 4; leftMiB < 16; leftMiB += 1) {
      const length = String(blocks * size - leftMiB * 1024 * 1024);
      const isDone = await run('fallocate', ['-l', length, join(this.path, FILLER)]).then(
        () => true,
        () => false,
      );
      if (isDone) return;
      this.unfill();
    }
    throw new Error(`${this.path} could not be filled`);
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

  #make(): void {
    rmSync(this.#image, { force: true });
    execFileSync('truncate', ['-s', `${this.#sizeMiB}M`, this.#image]);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', this.#image], { stdio: 'pipe' });
    this.#mount();
    rmSync(join(this.path, 'lost+found'), { recursive: true });
    execFileSync('chown', [`${this.#owner}:`, this.path]);
    execFileSync('chmod', ['700', this.path]);
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
