// A package with Kornak's launchers and programs of its own, so that what a launcher does can be seen by itself.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from './scratch-house.ts';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

export interface ScratchPackage {
  readonly root: string;
  write(path: string, text: string, modifiedAt?: Date): void;
  link(target: string, path: string): string;
  /** All paths below the root. */
  list(): readonly string[];
  run(path: string, args: readonly string[], options?: RunOptions): Outcome;
  remove(): void;
}

/** Says what it was given, and ends as it was told to. */
export const echoProgram = `export async function main(argv) {
  console.log(JSON.stringify({ argv, pid: process.pid, launcher: process.argv[1], cwd: process.cwd() }));
  setInterval(() => {}, 1000);
  return Number(argv.at(-1)) || 0;
}
`;

export function buildScratchPackage(folders: readonly string[]): ScratchPackage {
  const root = mkdtempSync(join(tmpdir(), 'kornak-launch-'));
  for (const path of ['package.json', ...folders])
    cpSync(join(repository, path), join(root, path), { recursive: true });
  return {
    root,
    write(path, text, modifiedAt = new Date()) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      utimesSync(join(root, path), modifiedAt, modifiedAt);
    },
    link(target, path) {
      symlinkSync(join(root, target), join(root, path));
      return join(root, path);
    },
    list: () => readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted(),
    run(path, args, { cwd = '/', env, uid } = {}) {
      const user = uid === undefined ? {} : { uid, gid: uid };
      const options = { cwd, encoding: 'utf8', timeout: 20_000, ...user } as const;
      return spawnSync(process.execPath, [path, ...args], { ...options, env: { ...process.env, ...env } });
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
