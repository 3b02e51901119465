import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildScratchPackage, echoProgram, type ScratchPackage } from './scratch-package.ts';

let scratch: ScratchPackage;

const builtAt = new Date('2026-01-01T12:00:00Z');
const earlier = new Date('2026-01-01T11:00:00Z');
const later = new Date('2026-01-01T13:00:00Z');

function giveBuild(): void {
  scratch.write('src/agent/main.ts', '', earlier);
  scratch.write('dist/.built', '', builtAt);
  for (const program of ['agent', 'ctl', 'demo']) {
    scratch.write(`dist/${program}/main.js`, echoProgram.replace('{ argv', `{ program: '${program}', argv`));
  }
}

beforeEach(() => {
  scratch = buildScratchPackage(['bin']);
});

afterEach(() => {
  scratch.remove();
});

describe.each(['kornak', 'kornakctl'])('%s', (name) => {
  const launcher = (): string => join(scratch.root, 'bin', name);

  test('says what to run when nothing is built', () => {
    scratch.write('src/agent/main.ts', '');
    const { status, stdout, stderr } = scratch.run(launcher(), ['--version']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`dist/ is missing. Run this first: npm --prefix ${scratch.root}/ run build`);
  });

  test('says what to run when a source is newer than the build', () => {
    giveBuild();
    scratch.write('src/core/deep/rule.ts', '', later);
    const { status, stderr } = scratch.run(launcher(), []);
    expect(status).toBe(1);
    expect(stderr).toContain('dist/ is older than src/core/deep/rule.ts. Run this first: ');
  });

  test('says so when the build lacks the program', () => {
    scratch.write('src/agent/main.ts', '', earlier);
    scratch.write('dist/.built', '', builtAt);
    const { status, stderr } = scratch.run(launcher(), []);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^dist\/(agent|ctl)\/main\.js is missing\. Run this first: /);
  });

  test('runs in an installed package, which has no sources', () => {
    scratch.write('dist/agent/main.js', echoProgram);
    scratch.write('dist/ctl/main.js', echoProgram);
    expect(scratch.run(launcher(), ['x']).status).toBe(0);
  });

  test('passes arguments on and ends with the exit code, though timers are left', () => {
    giveBuild();
    const { status, stdout } = scratch.run(launcher(), ['a b', '70'], { cwd: '/usr' });
    expect(status).toBe(70);
    expect(JSON.parse(stdout)).toMatchObject({ argv: ['a b', '70'], cwd: '/usr' });
  });

  test('works through a symbolic link, as an executable, in one process', () => {
    giveBuild();
    const link = scratch.link(`bin/${name}`, 'linked');
    const child = spawnSync(link, ['x'], { cwd: '/', encoding: 'utf8' });
    expect(JSON.parse(child.stdout)).toMatchObject({ argv: ['x'], pid: child.pid });
  });
});

test.each([
  { name: 'kornak', args: ['demo', '--dir', '/x'], program: 'demo', argv: ['--dir', '/x'] },
  { name: 'kornak', args: ['demo.yml'], program: 'agent', argv: ['demo.yml'] },
  { name: 'kornakctl', args: ['list'], program: 'ctl', argv: ['list'] },
])('$name $args runs the $program', ({ name, args, program, argv }) => {
  giveBuild();
  const { stdout } = scratch.run(join(scratch.root, 'bin', name), args);
  expect(JSON.parse(stdout)).toMatchObject({ program, argv });
});
