// A limit of a test's own on the memory of some processes: past it the kernel's out-of-memory killer chooses among them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './real-clock.ts';

const ROOT = '/sys/fs/cgroup/memory';
const MIB = 1024 * 1024;
const EAT = 'const held = []; for (;;) held.push(Buffer.alloc(4 * 1024 * 1024, 1));';

export class MemoryGroup {
  readonly #dir: string;

  constructor(limitMiB: number) {
    this.#dir = join(ROOT, `kornak-${process.pid}-${performance.now().toFixed(0)}`);
    mkdirSync(this.#dir);
    writeFileSync(join(this.#dir, 'memory.limit_in_bytes'), String(limitMiB * MIB));
  }

  /** What to put before a command so that it, and what it starts, runs under the limit. */
  get command(): readonly string[] {
    return ['/bin/sh', '-c', `echo $$ > ${this.#dir}/cgroup.procs && exec "$@"`, 'sh'];
  }

  /** Once nobody is left in it; one that was killed stays until somebody has reaped it. */
  async dispose(): Promise<void> {
    await eventually('the memory group is empty', () => {
      try {
        rmdirSync(this.#dir);
        return true;
      } catch {
        return false;
      }
    });
  }
}

/** Why there are no such limits here; undefined: there are. */
export async function memoryGroupsRefused(): Promise<string | undefined> {
  let group: MemoryGroup;
  try {
    group = new MemoryGroup(128);
  } catch (error) {
    return `no memory cgroup (version 1) can be made: ${String(error).split('\n')[0]}`;
  }
  try {
    const [shell, ...rest] = [...group.command, process.execPath, '-e', EAT];
    // Where nothing is enforced it must not eat the machine.
    const { signal } = spawnSync(shell, rest, { timeout: 20_000, killSignal: 'SIGTERM', stdio: 'ignore' });
    return signal === 'SIGKILL' ? undefined : 'the kernel does not enforce the limit of a memory cgroup';
  } finally {
    await group.dispose();
  }
}
