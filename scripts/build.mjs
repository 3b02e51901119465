// Builds dist/ from src/, and marks it with the moment the build began, so that the launchers can tell a stale build.
// With --all it also compiles what no program needs: the simulation and the tests.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const programs = ['src/agent', 'src/ctl', 'src/demo', 'src/guard'];

/** A deleted source must not live on as JavaScript that nothing compiles any more. */
function dropOrphans(dist, src) {
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const made = /\.(js|js\.map|d\.ts)$/;
    if (!entry.isFile() || !made.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const source = join(src, relative(dist, path)).replace(made, '.ts');
    if (!existsSync(source)) rmSync(path);
  }
}

function compile(projects) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, '-b', ...projects], { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function build(all) {
  const dist = join(root, 'dist');
  const startedAt = new Date();
  dropOrphans(dist, join(root, 'src'));
  const status = compile(programs);
  if (status === 0) {
    mkdirSync(dist, { recursive: true });
    const stamp = join(dist, '.built');
    writeFileSync(stamp, '');
    utimesSync(stamp, startedAt, startedAt);
  }
  return all ? Math.max(status, compile(['.'])) : status;
}

process.exitCode = build(process.argv.includes('--all'));
