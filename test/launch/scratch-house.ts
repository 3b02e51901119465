// An empty copy of this house, with its compiler and linter settings: what is put into it is judged as in the real one.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const repository: string = resolve(import.meta.dirname, '../..');

export interface ScratchHouse {
  readonly root: string;
  write(path: string, text: string): void;
  /** The complaints of the compiler about all projects, a line each. */
  compile(): readonly string[];
  /** The complaints of the linter as `path: rule`. */
  lint(): readonly string[];
  remove(): void;
}

function run(root: string, tool: string, args: readonly string[]): string {
  const path = join(repository, 'node_modules', tool);
  const { stdout, stderr } = spawnSync(process.execPath, [path, ...args], { cwd: root, encoding: 'utf8' });
  return stdout + stderr;
}

function lint(root: string): readonly string[] {
  const lines = run(root, 'oxlint/bin/oxlint', ['--format=unix', 'src']).split('\n');
  const complaint = /^(?<path>src\/[^:]+):\d+:\d+:.*\[\w+\/\w+\((?<rule>[^)]+)\)\]$/;
  return lines.flatMap((line) => {
    const found = complaint.exec(line)?.groups;
    return found === undefined ? [] : [`${found['path']}: ${found['rule']}`];
  });
}

export function layers(): readonly string[] {
  const folders = readdirSync(join(repository, 'src'), { withFileTypes: true });
  return folders.filter((folder) => folder.isDirectory()).map((folder) => folder.name);
}

export function buildScratchHouse(): ScratchHouse {
  const root = mkdtempSync(join(tmpdir(), 'kornak-house-'));
  const settings = ['package.json', 'tsconfig.base.json', '.oxlintrc.json'];
  for (const path of [...settings, ...layers().map((name) => `src/${name}/tsconfig.json`)]) {
    if (existsSync(join(repository, path))) cpSync(join(repository, path), join(root, path));
  }
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  return {
    root,
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    compile() {
      const projects = layers().map((name) => `src/${name}`);
      const lines = run(root, 'typescript/bin/tsc', ['-b', '--pretty', 'false', ...projects]).split('\n');
      return lines.filter((line) => line.includes('error TS'));
    },
    lint: () => lint(root),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
