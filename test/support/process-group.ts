// Everything that runs on one host of a test, as one thing that can be frozen, thawed and killed at a stroke: a cgroup where the
// kernel offers one, else the processes of the host's network namespace, one signal each.
import { type ChildProcess, execFile, spawn, type SpawnOptions } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './real-clock.ts';

const run = promisify(execFile);
const GONE_MS = 20_000;

/** Where groups can be made; undefined: the kernel has no second version of cgroups here, or we may not write to it. */
export function groupsRoot(): string | undefined {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2');
  const root = mount?.[1];
  if (root === undefined) return undefined;
  const probe = join(root, `kornak-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    const hasAll = existsSync(join(probe, 'cgroup.freeze')) && existsSync(join(probe, 'cgroup.kill'));
    rmdirSync(probe);
    return hasAll ? root : undefined;
  } catch {
    return undefined;
  }
}

export class ProcessGroup {
  readonly #dir: string | undefined;
  readonly #namespace: string;

  /** `namespace` is asked for its processes where `root` is undefined. */
  constructor(root: string | undefined, name: string, namespace: string) {
    this.#dir = root === undefined ? undefined : join(root, name);
    this.#namespace = namespace;
    if (this.#dir !== undefined) mkdirSync(this.#dir, { recursive: true });
  }

  /** What a command begins with to run in this group. */
  joining(): readonly string[] {
    if (this.#dir === undefined) return [];
    return ['sh', '-c', `echo $$ > '${this.#dir}/cgroup.procs' && exec "$@"`, 'sh'];
  }

  async pids(): Promise<readonly number[]> {
    const text =
      this.#dir === undefined
        ? (await run('ip', ['netns', 'pids', this.#namespace]).catch(() => ({ stdout: '' }))).stdout
        : existsSync(this.#dir)
          ? readFileSync(join(this.#dir, 'cgroup.procs'), 'utf8')
          : '';
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** Returns once nothing of it runs any more. */
  async freeze(): Promise<void> {
    if (this.#dir === undefined) return await this.#signalAll('SIGSTOP');
    const events = join(this.#dir, 'cgroup.events');
    writeFileSync(join(this.#dir, 'cgroup.freeze'), '1');
    await eventually(`${this.#dir} is frozen`, () => Promise.resolve(/frozen 1/.test(readFileSync(events, 'utf8'))));
  }

  async thaw(): Promise<void> {
    if (this.#dir === undefined) return await this.#signalAll('SIGCONT');
    if (existsSync(this.#dir)) writeFileSync(join(this.#dir, 'cgroup.freeze'), '0');
  }

  /** As a machine that loses its power; also a frozen one. Returns once nothing is left. */
  async kill(): Promise<void> {
    const endMs = performance.now() + GONE_MS;
    do {
      if (this.#dir === undefined) await this.#signalAll('SIGKILL');
      else if (existsSync(this.#dir)) writeFileSync(join(this.#dir, 'cgroup.kill'), '1');
      await this.thaw();
      await new Promise((wake) => setTimeout(wake, 10));
      if (performance.now() > endMs) throw new Error(`processes of ${this.#namespace} do not end`);
    } while ((await this.pids()).length > 0);
  }

  /** After the last process has gone; the kernel may need a moment to notice. */
  async remove(): Promise<void> {
    const dir = this.#dir;
    if (dir !== undefined) await eventually(`${dir} is removed`, () => isRemoved(dir));
  }

  async #signalAll(signal: NodeJS.Signals): Promise<void> {
    const reached = new Set<number>();
    // Whoever was forked meanwhile is struck by the next look.
    for (;;) {
      const fresh = (await this.pids()).filter((pid) => !reached.has(pid));
      if (fresh.length === 0) return;
      for (const pid of fresh) {
        reached.add(pid);
        signalTo(pid, signal);
      }
    }
  }
}

function isRemoved(dir: string): boolean {
  try {
    if (existsSync(dir)) rmdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

/** The child is the command itself. */
export function spawnIn(group: ProcessGroup, command: readonly string[], options: SpawnOptions): ChildProcess {
  const [first, ...args] = [...group.joining(), ...command];
  if (first === undefined) throw new Error('no command');
  return spawn(first, args, options);
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}
