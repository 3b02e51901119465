// Real processes in the place of the agent: what becomes of each way to end, and of each signal.
import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { supervise } from '../../../../src/agent/supervise/supervisor.ts';
import { eventually } from '../../../support/real-clock.ts';

let dir: string;
let signals: EventEmitter;
let said: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kornak-supervise-'));
  signals = new EventEmitter();
  said = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A shell in the place of the agent, which notes each of its starts; in `script`, $n is the number of this one. */
function run(script: string): Promise<number> {
  const file = join(dir, 'starts');
  const shell = `cd ${dir}; echo start >> ${file}; n=$(wc -l < ${file}); ${script}`;
  return supervise({ command: ['/bin/sh', '-c', shell], signals, say: (text) => said.push(text) });
}

function starts(): number {
  return existsSync(join(dir, 'starts')) ? readFileSync(join(dir, 'starts'), 'utf8').split('\n').length - 1 : 0;
}

/** Waits until `file` is there: the shell has come so far. */
const came = (file: string): Promise<void> => eventually(`${file} is there`, () => existsSync(join(dir, file)));

describe('an agent', () => {
  test.each([
    { how: 'stopped in order', code: 0 },
    { how: 'refused to start', code: 1 },
  ])('that $how is not started again, and its exit code is ours', async ({ code }) => {
    expect(await run(`exit ${code}`)).toBe(code);
    expect(starts()).toBe(1);
    expect(said).toEqual([]);
  });

  test('that crashed is started again: an invariant broke, or it was killed', async () => {
    expect(await run('[ $n = 1 ] && exit 70; [ $n = 2 ] && kill -9 $$; exit 0')).toBe(0);
    expect(starts()).toBe(3);
    expect(said).toEqual([
      'The agent ended with exit code 70: starting it again',
      'The agent was ended by SIGKILL: starting it again in 100 ms',
    ]);
  });

  test('that refuses to start after a crash is left alone', async () => {
    expect(await run('[ $n = 1 ] && kill -9 $$; exit 1')).toBe(1);
    expect(starts()).toBe(2);
  });

  test('whose program is not there is tried again and again, until we are asked to stop', async () => {
    const ended = supervise({ command: ['/nonexistent/kornak'], signals, say: (text) => said.push(text) });
    await eventually('it was tried twice', () => said.length >= 2);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(70);
    expect(said[0]).toMatch(/could not be started \(.*ENOENT.*\): starting it again$/);
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s goes on to the agent, which takes its time and is not replaced',
    async (signal) => {
      const ended = run(
        `trap 'touch asked; sleep 0.3; exit 0' ${signal.slice(3)}; touch ready; while :; do sleep 0.05; done`,
      );
      await came('ready');
      signals.emit(signal, signal);
      expect(await ended).toBe(0);
      expect(existsSync(join(dir, 'asked'))).toBe(true);
      expect(starts()).toBe(1);
    },
  );

  test('SIGHUP goes on to the agent, which goes on', async () => {
    const ended = run(`trap 'touch again' HUP; trap 'exit 0' TERM; touch ready; while :; do sleep 0.05; done`);
    await came('ready');
    signals.emit('SIGHUP', 'SIGHUP');
    await came('again');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(0);
    expect(starts()).toBe(1);
  });

  test('an agent that is killed while it stops is not started again, and that is no success', async () => {
    const ended = run(`trap 'kill -9 $$' TERM; touch ready; while :; do sleep 0.05; done`);
    await came('ready');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(70);
    expect(starts()).toBe(1);
  });

  test('SIGTERM before the agent listens ends it as it would have ended by itself', async () => {
    const ended = run('touch ready; while :; do sleep 0.05; done');
    await came('ready');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(0);
  });
});
