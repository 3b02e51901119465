import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import {
  argumentsOf,
  isAlive,
  readProcess,
  readProcesses,
  signalProcess,
  withDescendants,
} from '../../../src/demo/process-table.ts';

async function sleeper(): Promise<number> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child.pid ?? 0;
}

test('a process is known by its pid and its start', async () => {
  const pid = await sleeper();
  const entry = readProcess(pid);
  expect(entry).toMatchObject({ pid, parentPid: process.pid });
  const startTicks = entry?.startTicks ?? 0;
  expect(isAlive({ pid, startTicks })).toBe(true);
  expect(isAlive({ pid, startTicks: startTicks + 1 })).toBe(false);
});

test('a process that only has the same pid gets no signal', async () => {
  const pid = await sleeper();
  const startTicks = readProcess(pid)?.startTicks ?? 0;
  signalProcess({ pid, startTicks: startTicks - 1 }, 'SIGKILL');
  expect(isAlive({ pid, startTicks })).toBe(true);
});

test('descendants are found over more than one generation', async () => {
  const shell = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(shell.stdout, 'data');
  const all = readProcesses();
  const own = all.filter(({ pid }) => pid === process.pid);
  const family = withDescendants(own, all);
  const sleep = family.find(({ pid, parentPid }) => parentPid === shell.pid && argumentsOf(pid)[0] === 'sleep');
  shell.kill('SIGKILL');
  if (sleep !== undefined) signalProcess(sleep, 'SIGKILL');
  expect(family.map(({ pid }) => pid)).toContain(shell.pid);
  expect(sleep).toBeDefined();
});

test('who is not there is not there', () => {
  expect(readProcess(4_194_999)).toBeUndefined();
  expect(argumentsOf(4_194_999)).toEqual([]);
});
