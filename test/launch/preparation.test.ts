import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { repository } from './scratch-house.ts';
import { buildScratchPackage, echoProgram, type Outcome, type ScratchPackage } from './scratch-package.ts';

const programs = ['etcd', 'postgres', 'initdb', 'pg_ctl', 'pg_basebackup', 'pg_rewind', 'pg_controldata'];
const lock = { packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } };

/** Does what `npm ci` and `npm run build` leave behind, and tells what it was asked to do. */
const npm = `import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
console.error('npm asked to', process.argv[2]);
if (process.argv[2] === 'ci') {
  mkdirSync('node_modules', { recursive: true });
  cpSync('package-lock.json', 'node_modules/.package-lock.json');
}
mkdirSync('dist/demo', { recursive: true });
writeFileSync('dist/demo/main.js', ${JSON.stringify(echoProgram)});
writeFileSync('dist/.built', '');
`;

let scratch: ScratchPackage;

beforeEach(() => {
  scratch = buildScratchPackage(['bin', 'scripts']);
  scratch.write('package-lock.json', JSON.stringify(lock));
  scratch.write('src/demo/main.ts', '', new Date('2026-01-01T12:00:00Z'));
  scratch.write('npm.js', npm);
  for (const program of programs) {
    scratch.write(`tools/${program}`, '#!/bin/sh\n');
    chmodSync(join(scratch.root, 'tools', program), 0o755);
  }
});

afterEach(() => {
  scratch.remove();
});

function start(args: readonly string[]): Outcome {
  const env = { npm_execpath: join(scratch.root, 'npm.js'), PATH: join(scratch.root, 'tools') };
  return scratch.run(join(scratch.root, 'scripts/launch.mjs'), ['start', ...args], { env });
}

const asked = ({ stderr }: Outcome): readonly string[] =>
  stderr.split('\n').filter((line) => line.startsWith('npm asked'));

test('a fresh clone gets its packages and then runs the demo with the arguments given', () => {
  const outcome = start(['--yes', '--script', 'wait 1; quit']);
  expect(asked(outcome)).toEqual(['npm asked to ci']);
  expect(JSON.parse(outcome.stdout)).toMatchObject({ argv: ['--script', 'wait 1; quit'] });
});

test('a second start installs and builds nothing', () => {
  start([]);
  expect(asked(start([]))).toEqual([]);
});

test('a source that changed is built, without installing anew', () => {
  start([]);
  scratch.write('src/demo/main.ts', '', new Date(Date.now() + 60_000));
  expect(asked(start([]))).toEqual(['npm asked to run']);
});

test('a lock that changed is installed', () => {
  start([]);
  const newer = { packages: { ...lock.packages, 'node_modules/a': { version: '1.0.1', integrity: 'sha512-b' } } };
  scratch.write('package-lock.json', JSON.stringify(newer));
  expect(asked(start([]))).toEqual(['npm asked to ci']);
});

test('an optional package of another platform is not missed', () => {
  const other = { packages: { ...lock.packages, 'node_modules/b': { version: '1.0.0', optional: true } } };
  scratch.write('package-lock.json', JSON.stringify(other));
  scratch.write('node_modules/.package-lock.json', JSON.stringify(lock));
  scratch.write('dist/.built', '');
  scratch.write('dist/demo/main.js', echoProgram);
  expect(asked(start([]))).toEqual([]);
});

test('an installation that fails stops the launch', () => {
  scratch.write('npm.js', 'process.exit(3);\n');
  const { status, stderr } = start([]);
  expect(status).toBe(1);
  expect(stderr).toContain('npm ci --include=dev --loglevel=warn --no-audit --no-fund failed; its messages are above.');
});

test.each([
  { version: 'v18.19.0', fit: false },
  { version: 'v20.18.3', fit: false },
  { version: 'v20.19.0', fit: true },
  { version: 'v24.21.0', fit: true },
])('Node $version: fit $fit', ({ version, fit }) => {
  const module = join(repository, 'scripts/setup/node-version.mjs');
  const code = `import { judgeNode } from '${module}'; console.log(judgeNode('${version}').fit);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
  expect(stdout).toBe(`${fit}\n`);
});

test('the lock names the packages of every platform, or npm ci would refuse it', () => {
  const args = [join(repository, 'scripts/complete-lock.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
