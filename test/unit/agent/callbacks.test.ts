// Real programs: what the agent's callbacks do to them, and what they cannot do to the agent.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CallbackSlot } from '../../../src/agent/callbacks/callback-slot.ts';
import { until } from '../../support/kornak-cluster.ts';

interface Line {
  readonly level: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

let dir: string;
let lines: Line[];
let slot: CallbackSlot;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kornak-callbacks-'));
  lines = [];
  slot = new CallbackSlot({ log: (level, text, fields) => void lines.push({ level, text, fields }) });
});

afterEach(async () => {
  await slot.close(0);
  await rm(dir, { recursive: true, force: true });
});

async function script(name: string, body: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

const call = (title: string, words: readonly string[], timeoutMs = 20_000): void =>
  slot.call({ title, words, timeoutMs });
const written = async (name: string): Promise<string> => readFile(join(dir, name), 'utf8').catch(() => '');
const says = (text: string): boolean => lines.some((line) => line.text.includes(text));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a program that the system refuses to start at all is left out, and the next one is called', async () => {
  const path = await script('cb', `echo "$@" > ${dir}/args`);
  call('on_start primary', [path, 'x'.repeat(300_000)]);
  call('on_stop primary', [path, 'on_stop']);
  await until('the next ends', () => says('on_stop primary: exit code 0'));
  expect(lines.find(({ text }) => text.includes('could not be started'))).toMatchObject({ level: 'WARNING' });
  expect(await written('args')).toBe('on_stop\n');
});

test('a program gets its arguments; its exit code and its last words go to the log', async () => {
  const path = await script('cb', `echo "$@" > ${dir}/args; echo no address >&2; exit 3`);
  call('on_start primary', [path, 'on_start', 'primary', 'batman']);
  await until('it ends', () => says('exit code 3'));
  expect(await written('args')).toBe('on_start primary batman\n');
  expect(lines.find(({ text }) => text.includes('exit code 3'))).toMatchObject({
    level: 'WARNING',
    fields: { said: 'no address' },
  });
});

test('the next one ends the one before it, with its children, and starts after it', async () => {
  const hangs = await script('hangs', `sleep 600 & echo $! > ${dir}/child; trap '' TERM; wait`);
  const next = await script('next', `echo done > ${dir}/next-ran`);
  call('on_stop demoted', [hangs]);
  const child = await until('its child runs', async () => Number(await written('child')) || undefined);
  call('on_role_change replica', [next]);
  await until('the next one has run', async () => (await written('next-ran')) !== '');
  expect(says('on_stop demoted: ended for on_role_change replica')).toBe(true);
  await until('the child of the first is gone', () => !isAlive(child));
});

test('one that hangs is ended when its time is up', async () => {
  call('on_start replica', [await script('hangs', 'sleep 600')], 100);
  await until('it is ended', () => says('ended after 100 ms'));
});

test('one that is not there is told of and keeps nothing from running', async () => {
  call('on_start replica', [join(dir, 'nothing')]);
  await until('it is told of', () => says('could not be started'));
  call('on_stop replica', [await script('cb', `echo ran > ${dir}/ran`)]);
  await until('the next runs', async () => (await written('ran')) !== '');
});

test('what a program writes without end is not kept', async () => {
  call('on_start replica', [await script('chatty', 'head -c 3000000 /dev/zero | tr "\\\\0" x; exit 1')]);
  await until('it ends', () => says('exit code 1'));
  const said = lines.find(({ text }) => text.includes('exit code 1'))?.fields?.['said'];
  expect(String(said).length).toBe(2_000);
});

test('closing ends what runs after a bounded wait', async () => {
  call('on_stop primary', [await script('hangs', `echo $$ > ${dir}/pid; sleep 600`)]);
  const pid = await until('it runs', async () => Number(await written('pid')) || undefined);
  await slot.close(50);
  await until('it is gone', () => !isAlive(pid));
});
