import { expect, test } from 'vitest';
import { majorVersionFromText } from '../../../src/postgres/binaries.ts';
import { childEnvironment } from '../../../src/postgres/child-environment.ts';
import { asAccount } from '../../../src/postgres/command.ts';
import { deadlineIn } from '../../../src/postgres/deadline.ts';
import { percentFromText } from '../../../src/postgres/jobs/clone.ts';
import { fileTime } from '../../../src/postgres/jobs/set-aside.ts';
import { programFailure, runProgram } from '../../../src/postgres/run-program.ts';
import { realClock } from '../../support/real-clock.ts';

test('neither our secrets nor libpq’s variables reach a child', () => {
  const own = {
    PATH: '/bin',
    HOME: '/root',
    PGPASSWORD: 'x',
    PGHOST: 'h',
    PATRONI_X: 'x',
    KORNAK_Y: 'y',
    LC_MESSAGES: 'ru_RU',
  };
  expect(childEnvironment(own, false)).toEqual({ PATH: '/bin', HOME: '/root', LC_ALL: 'C.UTF-8' });
  expect(childEnvironment({ ...own, PG_MALLOC_ARENA_MAX: '2' }, true, { PGPASSFILE: '/f' })).toEqual({
    PATH: '/bin',
    LC_ALL: 'C.UTF-8',
    MALLOC_ARENA_MAX: '2',
    PGPASSFILE: '/f',
  });
});

test('another account is taken by a prefix that keeps its groups', () => {
  expect(asAccount(undefined, 'p', ['x'])).toEqual(['p', ['x']]);
  const [program, args] = asAccount({ user: 'postgres', uid: 101, gid: 102 }, 'p', ['x']);
  expect([program, ...args]).toEqual(['setpriv', '--reuid=101', '--regid=102', '--init-groups', '--', 'p', 'x']);
});

test('a program that does not end is ended with its children', async () => {
  const deadline = deadlineIn(realClock, 200);
  const run = { program: '/bin/sh', args: ['-c', 'echo begun >&2; sleep 60 & sleep 60'], runAs: undefined, deadline };
  const result = await runProgram(run);
  expect(result).toMatchObject({ kind: 'timedOut', stderr: 'begun\n' });
  expect(programFailure('sh', result)).toContain('did not end in time');
});

test('a program that is not there, one that the system cannot start, and one that fails', async () => {
  const deadline = deadlineIn(realClock, 2_000);
  const long = ['x'.repeat(300_000)];
  const refused = await runProgram({ program: '/bin/true', args: long, runAs: undefined, deadline });
  expect(programFailure('true', refused)).toContain('true could not be started');
  const absent = await runProgram({ program: '/nowhere/initdb', args: [], runAs: undefined, deadline });
  expect(programFailure('initdb', absent)).toContain('could not be started');
  const args = ['-c', 'read word; echo "got $word" >&2; exit 3'];
  const failed = await runProgram({ program: '/bin/sh', args, runAs: undefined, deadline, input: 'it\n' });
  expect(programFailure('sh', failed)).toBe('sh failed (exit code 3): got it');
});

test.each([
  ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', 15],
  ['postgres (PostgreSQL) 16beta1', 16],
  ['postgres (PostgreSQL) 9.6.24', 9],
  ['mysql 8', undefined],
])('the major version of %s is %s', (text, version) => expect(majorVersionFromText(text)).toBe(version));

test('progress of pg_basebackup', () => {
  expect(percentFromText('  1234/45678 kB (2%), 0/1 tablespace\r 40000/45678 kB (87%), 0/1 tablespace\r')).toBe(87);
  expect(percentFromText('waiting for checkpoint')).toBeUndefined();
});

test('a moment in the name of a file', () => {
  expect(fileTime('2026-11-24T03:25:23.983Z')).toBe('2026-11-24T032523');
  expect(fileTime('2026-11-24T03:25:23+02:00')).toBe('2026-11-24T032523');
});
