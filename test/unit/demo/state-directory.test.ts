import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DemoRecord, newPasswords } from '../../../src/demo/demo-record.ts';
import { readProcess } from '../../../src/demo/process-table.ts';
import { StartError } from '../../../src/demo/start-error.ts';
import { emptyStateDirectory, openStateDirectory, writeRecord } from '../../../src/demo/state-directory.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kornak-test-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function recordOf(pid: number, part: Partial<DemoRecord> = {}): DemoRecord {
  return {
    version: 1,
    demo: { pid, startTicks: readProcess(pid)?.startTicks ?? 1 },
    started: [],
    kept: true,
    memberCount: 3,
    ports: { members: [], etcd: [] },
    passwords: newPasswords(),
    ...part,
  };
}

const GONE_PID = 4_194_999;

test('a directory that is not there is created, so that others can enter', () => {
  const dir = join(root, 'demo');
  expect(openStateDirectory(dir)).toEqual({ path: dir, left: undefined, existed: false });
  expect(statSync(dir).mode & 0o777).toBe(0o755);
});

test('an empty one is used and stays', () => {
  expect(openStateDirectory(root).existed).toBe(true);
});

test('one with something else in it is left alone', () => {
  writeFileSync(join(root, 'letter.txt'), 'dear');
  expect(() => openStateDirectory(root)).toThrow(StartError);
  expect(readdirSync(root)).toEqual(['letter.txt']);
});

test('that of an earlier demo is resumed', () => {
  const left = recordOf(GONE_PID);
  writeRecord(root, left);
  expect(openStateDirectory(root)).toEqual({ path: root, left, existed: true });
});

test('that of a demo which runs is refused', () => {
  writeRecord(root, recordOf(process.pid));
  expect(() => openStateDirectory(root)).toThrow(`used by a demo that runs (pid ${process.pid})`);
});

test('the record is nobody else’s to read: passwords stand in it', () => {
  writeRecord(root, recordOf(GONE_PID));
  expect(statSync(join(root, 'demo.json')).mode & 0o777).toBe(0o600);
});

test('symbolic links are resolved, as the kernel does it for working directories', () => {
  const real = join(root, 'real');
  mkdirSync(real);
  symlinkSync(real, join(root, 'link'));
  expect(openStateDirectory(join(root, 'link')).path).toBe(real);
});

test('emptied, it is still there', () => {
  mkdirSync(join(root, 'node-1'));
  emptyStateDirectory(root);
  expect(readdirSync(root)).toEqual([]);
});
