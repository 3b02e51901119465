import { accessSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildScratchPackage, type Outcome, type ScratchPackage } from './scratch-package.ts';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

let scratch: ScratchPackage;

beforeEach(() => {
  scratch = buildScratchPackage(['bin', 'scripts', 'package-lock.json']);
  chmodSync(scratch.root, 0o755);
});

afterEach(() => {
  scratch.remove();
});

/** On a machine where PATH leads to nothing, as a user who may install nothing. */
function launch(mode: string): Outcome {
  const user = isRoot ? { uid: nobody } : {};
  return scratch.run(join(scratch.root, 'scripts/launch.mjs'), [mode, '--yes'], {
    env: { PATH: '/nonexistent' },
    ...user,
  });
}

test.each(['start', 'test', 'install'])('%s without etcd says what to install and changes nothing', (mode) => {
  const before = scratch.list();
  const { status, stderr } = launch(mode);
  expect(status).toBe(1);
  expect(stderr).toContain('etcd 3.4 or newer (the program etcd)');
  expect(stderr).toMatch(isDebian() ? /sudo apt-get install -y .*etcd-server etcd-client/ : /Install them/);
  expect(scratch.list()).toEqual(before);
});

test('a test run that cannot begin counts as failed', () => {
  expect(launch('test').stdout).toBe('0 passed, 1 failed\n');
});

function isDebian(): boolean {
  try {
    accessSync('/usr/bin/apt-get');
    return true;
  } catch {
    return false;
  }
}
