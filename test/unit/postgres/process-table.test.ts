import { expect, test } from 'vitest';
import { isReceiverTitle } from '../../../src/postgres/receiver-process.ts';
import { isAlive, processStatFromText, readProcess } from '../../../src/postgres/process-table.ts';

test('a name in /proc/PID/stat may hold spaces and parentheses', () => {
  const fields = Array.from({ length: 48 }, (_, index) => String(index + 5)).join(' ');
  expect(processStatFromText(`42 (a ) (b) S 7 ${fields}`)).toEqual({
    pid: 42,
    parentPid: 7,
    state: 'S',
    startTicks: 22,
  });
  expect(processStatFromText('nonsense')).toBeUndefined();
});

test('a process is told from another that got its number', () => {
  const own = readProcess(process.pid);
  expect(own?.parentPid).toBe(process.ppid);
  expect(own === undefined ? false : isAlive(own)).toBe(true);
  expect(isAlive({ pid: process.pid, startTicks: (own?.startTicks ?? 0) + 1 })).toBe(false);
});

test.each([
  ['postgres: walreceiver', true],
  ['postgres: main: walreceiver streaming 0/3000148', true],
  ['postgres: 15/main: walreceiver', true],
  ['postgres: main: walreceiver idle', true],
  ['postgres: main: walsender replicator 10.0.0.1(4711) streaming 0/3000148', false],
  ['postgres: main: walreceiver postgres 127.0.0.1(4711) idle', false],
  ['postgres: main: startup recovering 000000010000000000000003', false],
])('%s: a receiver? %s', (text, expected) => expect(isReceiverTitle(text)).toBe(expected));
