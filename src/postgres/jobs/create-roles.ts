import { join } from 'node:path';
import { JobFailure } from '../job-failure.ts';
import type { Login } from '../options.ts';
import { lastLines, programFailure, runProgram } from '../run-program.ts';
import { literal } from '../sql-connection.ts';
import { type JobContext, tool } from './job-context.ts';

/** What pg_rewind reads on its source, so that it needs no superuser. */
const REWIND_FUNCTIONS = [
  'pg_ls_dir(text, boolean, boolean)',
  'pg_stat_file(text, boolean)',
  'pg_read_binary_file(text)',
  'pg_read_binary_file(text, bigint, bigint, boolean)',
];

/**
 * Whatever the new cluster's configuration says: passwords end in no log, are stored as SCRAM, and errors are in English, as
 * single-user mode tells of a failed statement in no other way.
 */
const SINGLE_USER_SETTINGS = {
  password_encryption: 'scram-sha-256',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_min_error_statement: 'panic',
  lc_messages: 'C',
  log_destination: 'stderr',
  logging_collector: 'off',
  archive_mode: 'off',
  shared_preload_libraries: '',
};

/** Gives the superuser its password and makes the roles for streaming and rewinding, without a server that anyone could reach. */
export async function createRoles(context: JobContext, which: 'superuser' | 'all'): Promise<void> {
  const { options, deadline } = context;
  const settings = Object.entries(SINGLE_USER_SETTINGS).map(([name, text]) => ['-c', `${name}=${text}`]);
  const result = await runProgram({
    program: tool(context, 'postgres'),
    // -j: a statement ends with a semicolon and an empty line, so that a password may hold anything.
    args: ['--single', '-j', '-D', options.dataDir, ...settings.flat(), 'postgres'],
    input: roleStatements(context, which)
      .map((statement) => `${statement};\n\n`)
      .join(''),
    runAs: options.runAs,
    deadline,
  });
  if (result.kind !== 'exited' || result.code !== 0) throw new JobFailure(programFailure('postgres --single', result));
  const errors = result.stderr.split('\n').filter((line) => /\b(ERROR|FATAL|PANIC):/.test(line));
  if (errors.length > 0)
    throw new JobFailure(
      `the roles could not be created in ${join(options.dataDir)}: ${lastLines(errors.join('\n'), 3)}`,
    );
}

function roleStatements(context: JobContext, which: 'superuser' | 'all'): readonly string[] {
  const { superuser, replication, rewind } = context.options;
  const statements = [...roleOf(superuser, 'SUPERUSER LOGIN')];
  if (which === 'superuser') return statements;
  if (replication.username !== superuser.username) statements.push(...roleOf(replication, 'REPLICATION LOGIN'));
  if (rewind === undefined || rewind.username === superuser.username) return statements;
  const grants = REWIND_FUNCTIONS.map(
    (name) => `GRANT EXECUTE ON FUNCTION pg_catalog.${name} TO ${identifier(rewind.username)}`,
  );
  return [...statements, ...roleOf(rewind, 'LOGIN'), ...grants];
}

function roleOf(login: Login, attributes: string): readonly string[] {
  const name = identifier(login.username);
  const isAbsent = `NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${literal(login.username)})`;
  const create = `DO $kornak$ BEGIN IF ${isAbsent} THEN CREATE ROLE ${name}; END IF; END $kornak$`;
  const password = login.password === undefined ? '' : ` PASSWORD ${literal(login.password.reveal())}`;
  return [create, `ALTER ROLE ${name} WITH ${attributes}${password}`];
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
