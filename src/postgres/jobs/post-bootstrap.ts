import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerSettings } from '../../core/model/job.ts';
import { conninfo } from '../conninfo.ts';
import { directoryVersion } from '../data-directory.ts';
import { JobFailure } from '../job-failure.ts';
import { writePgpass } from '../pgpass.ts';
import { programFailure, runProgram } from '../run-program.ts';
import { removeFile, writeFileIfChanged } from '../write-file.ts';
import type { JobContext } from './job-context.ts';
import { reachedByNobody, serverApart } from './server-apart.ts';

const ARCHIVE_LIBRARY_SINCE = 15;

/**
 * The user's program for a new cluster, called with a connection string: `post_bootstrap`. The server runs with its own
 * settings, but only this account reaches it, and nothing is archived before the cluster is known to stand.
 */
export async function postBootstrap(
  context: JobContext,
  settings: ServerSettings,
  words: readonly string[],
): Promise<void> {
  const { options } = context;
  const written = await context.configuration.write({ settings, role: { kind: 'primary' } });
  const hbaFile = join(options.stateDir, 'bootstrap-hba.conf');
  await writeFileIfChanged({ path: hbaFile, mode: 0o600, owner: options.runAs }, 'local all all trust\n');
  const hasLibrary = ((await directoryVersion(options.dataDir)) ?? 0) >= ARCHIVE_LIBRARY_SINCE;
  const apart = Object.entries({
    ...reachedByNobody(context, hbaFile),
    archive_command: '',
    ...(hasLibrary ? { archive_library: '' } : {}),
    synchronous_standby_names: '',
  }).map(([name, text]) => `--${name}=${text}`);
  // Of two that set the same, the later one holds.
  const args = [`--config-file=${written.confPath}`, ...written.commandLine, ...apart];
  context.progress('starting the new cluster for post_bootstrap');
  try {
    await serverApart(context, { args, endedMeans: 'the new cluster did not start for post_bootstrap' }, () =>
      run(context, words),
    );
  } finally {
    await removeFile(hbaFile);
  }
}

async function run(context: JobContext, words: readonly string[]): Promise<void> {
  const { options, deadline } = context;
  const { superuser, port, stateDir: host, database } = options;
  const [program = '', ...args] = words;
  const passwordFile = join(options.stateDir, 'pgpass-bootstrap');
  context.progress('running post_bootstrap');
  try {
    await writePgpass(options, passwordFile, { host, port }, superuser);
    const result = await runProgram({
      program,
      args: [...args, conninfo({ dbname: database, user: superuser.username, host, port })],
      env: {
        PGOPTIONS: '-c synchronous_commit=local -c statement_timeout=0',
        ...(superuser.password === undefined ? {} : { PGPASSFILE: passwordFile }),
      },
      runAs: options.runAs,
      deadline,
    });
    if (result.kind === 'exited' && result.code === 0) return;
    throw new JobFailure(programFailure('post_bootstrap', result));
  } finally {
    await rm(passwordFile, { force: true });
  }
}
