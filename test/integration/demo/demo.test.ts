import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { argumentsOf, readProcesses, workDirectory } from '../../../src/demo/process-table.ts';
import { eventually } from '../../support/real-clock.ts';

const kornak = fileURLToPath(new URL('../../../bin/kornak', import.meta.url));

let parent: string;
let dir: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'kornak-test-'));
  // PostgreSQL's owner must be able to enter.
  chmodSync(parent, 0o755);
  dir = join(parent, 'demo');
});

afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

interface RunningDemo {
  readonly process: ChildProcess;
  text(): string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<unknown>;
}

function startDemo(...args: readonly string[]): RunningDemo {
  const child = spawn(process.execPath, [kornak, 'demo', '--dir', dir, ...args], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const collect = (chunk: string): void => {
    text += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => code ?? signal);
  return { process: child, ended, text: () => text };
}

async function demo(...args: readonly string[]): Promise<{ readonly code: unknown; readonly text: string }> {
  const running = startDemo(...args);
  return { code: await running.ended, text: running.text() };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** Whatever works in the demo's directory or was given a path in it. */
function leftProcesses(): readonly (readonly string[])[] {
  const belongs = (pid: number): boolean =>
    [workDirectory(pid) ?? '', ...argumentsOf(pid)].some((text) => text.includes(`${dir}/`));
  return readProcesses().flatMap(({ pid }) => (belongs(pid) ? [argumentsOf(pid)] : []));
}

test('the leader dies, the cluster recovers, and the old leader comes back as a replica', async () => {
  const { code, text } = await demo('--script', 'wait 1; kill-leader; wait 10; restore; wait 1; quit');
  expect(lastLine(text), text).toMatch(
    /^demo: recovered=yes outage=\d+\.\d\ds acknowledged=\d+ lost=0 streaming=2\/2$/,
  );
  expect(code).toBe(0);
  expect(leftProcesses()).toEqual([]);
  expect(existsSync(dir)).toBe(false);
});

test('a killed agent is started again; a kept cluster is resumed with what was written to it', async () => {
  const first = await demo('--keep', '--script', 'wait 1; kill-agent; wait 3; quit');
  expect(first.code, first.text).toBe(0);
  const logs = [1, 2, 3].map((number) => readFileSync(join(dir, `node-${number}.log`), 'utf8'));
  expect(logs.filter((text) => text.includes('was ended by SIGKILL: starting it again'))).toHaveLength(1);
  expect(leftProcesses()).toEqual([]);
  const passwords = readFileSync(join(dir, 'pgpass'), 'utf8');
  const second = await demo('--script', 'kill-postgres; wait 1; quit');
  expect(second.text).toContain('resuming the cluster');
  expect(second.code, second.text).toBe(0);
  expect(readFileSync(join(dir, 'pgpass'), 'utf8')).toBe(passwords);
});

test('a signal stops everything at once, also what is frozen', async () => {
  const running = startDemo('--script', 'freeze-leader; wait 600');
  await eventually(
    'the leader is frozen',
    () => Promise.resolve(running.text().includes('you: freeze-leader')),
    60_000,
  );
  running.process.kill('SIGTERM');
  await running.ended;
  expect(lastLine(running.text())).toMatch(/^demo: recovered=no .* streaming=\d\/\d$/);
  expect(leftProcesses()).toEqual([]);
});

test('what cannot start says why, and leaves what it found', async () => {
  const { code, text } = await demo('--dir', '/proc', '--script', 'quit');
  expect(code).toBe(3);
  expect(text).toContain('/proc is not empty and not a demo');
  expect(lastLine(text)).toBe('demo: recovered=no outage=0.00s acknowledged=0 lost=unknown streaming=0/0');
});
