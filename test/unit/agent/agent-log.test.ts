import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentLog } from '../../../src/agent/agent-log.ts';
import { jsonLine, plainLine } from '../../../src/agent/log-line.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kornak-log-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

test('a plain line is shaped as Patroni shapes it, with fields behind', () => {
  const at = new Date(2026, 10, 23, 4, 5, 6, 78);
  const line = plainLine({
    at,
    level: 'INFO',
    text: 'two\nlines',
    fields: { rule: 'P90', why: 'a b', lsn: 5n, gone: null },
  });
  expect(line).toBe('2026-11-23 04:05:06,078 INFO: two\n\tlines rule=P90 why="a b" lsn=5 gone=null\n');
});

test('a JSON line holds the fields beside the text', () => {
  const line = jsonLine({ at: new Date(0), level: 'ERROR', text: 'x', fields: { lsn: 5n } });
  expect(JSON.parse(line)).toEqual({ asctime: '1970-01-01T00:00:00.000Z', levelname: 'ERROR', message: 'x', lsn: '5' });
});

test('what is below the level is left out, also after a change of level', async () => {
  const path = join(dir, 'log');
  const fd = openSync(path, 'w');
  const log = new AgentLog({ level: 'WARN', type: 'plain' }, fd);
  log.log('INFO', 'first');
  log.log('WARNING', 'second');
  log.configure({ level: 'DEBUG', type: 'plain' });
  log.log('DEBUG', 'third');
  await log.flush(2_000);
  closeSync(fd);
  expect(readFileSync(path, 'utf8').replaceAll(/^\S+ \S+ /gm, '')).toBe('WARNING: second\nDEBUG: third\n');
});

test('a reader that does not read costs lines, counted, and never time', async () => {
  const path = join(dir, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  // Fills the pipe to the brim, so that not even the first line fits.
  writeFileSync(fd, Buffer.alloc(65_536, '\n'));
  const log = new AgentLog({ level: 'INFO', type: 'plain' }, fd);
  for (let line = 0; line < 1_500; line += 1) log.log('INFO', `line ${line}`);
  const reader = execFileSync('sh', ['-c', `timeout 1 cat "$1"; true`, 'sh', path], { encoding: 'utf8' });
  expect(reader).toContain('line 0\n');
  await log.flush(100);
  const rest = execFileSync('sh', ['-c', `timeout 1 cat "$1"; true`, 'sh', path], { encoding: 'utf8' });
  await log.flush(2_000);
  expect(rest + execFileSync('sh', ['-c', `timeout 0.3 cat "$1"; true`, 'sh', path], { encoding: 'utf8' })).toMatch(
    /WARNING: \d+ log lines were dropped/,
  );
  closeSync(fd);
});
