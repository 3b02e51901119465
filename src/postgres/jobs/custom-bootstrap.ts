import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JobFailure } from '../job-failure.ts';
import type { BootstrapMethod } from '../../core/model/user-programs.ts';
import { configDirOf } from '../options.ts';
import { confLine } from '../postgresql-conf.ts';
import { programFailure, runProgram } from '../run-program.ts';
import { removeSignals } from '../signal-files.ts';
import { exists, removeFile, writeFileIfChanged } from '../write-file.ts';
import type { JobContext } from './job-context.ts';
import { reachedByNobody, serverApart } from './server-apart.ts';

/** A cluster that a program of the user's makes, by a clone or from a backup; then recovered as it says, and shut down cleanly. */
export async function customBootstrap(context: JobContext, method: BootstrapMethod): Promise<void> {
  const { options } = context;
  await runMethod(context, method);
  if (!(await exists(join(options.dataDir, 'global/pg_control'))))
    throw new JobFailure(`bootstrap method ${method.name} ended well, yet ${options.dataDir} holds no cluster`);
  await closeToOthers(options.dataDir);
  await recover(context, method);
}

const FORBIDDEN_BITS = 0o027;

/** PostgreSQL refuses a directory that others may look into, and not every program makes one that they may not. */
async function closeToOthers(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir);
  if ((mode & FORBIDDEN_BITS) !== 0) await chmod(dataDir, 0o700);
}

async function runMethod(context: JobContext, { name, words, extras, withParams }: BootstrapMethod): Promise<void> {
  const { options, deadline } = context;
  const [program = '', ...args] = words;
  const standard = withParams ? [`--scope=${options.scope}`, `--datadir=${options.dataDir}`] : [];
  context.progress(`running bootstrap method ${name}`);
  const all = [...args, ...standard, ...extras];
  const result = await runProgram({ program, args: all, runAs: options.runAs, deadline });
  if (result.kind !== 'exited' || result.code !== 0)
    throw new JobFailure(programFailure(`bootstrap method ${name}`, result));
}

/** On a server that nobody can reach: no port, and a socket in a directory of our own. */
async function recover(context: JobContext, method: BootstrapMethod): Promise<void> {
  const { options } = context;
  const confPath = await temporaryConf(context, method);
  context.progress('recovering the new cluster');
  // Without hot_standby it is ready only once it is out of recovery.
  const endedMeans = 'the new cluster did not come out of recovery';
  await serverApart(context, { args: [`--config-file=${confPath}`], endedMeans });
  await removeFile(confPath);
  await removeSignals(options);
  await removeFile(join(options.stateDir, 'bootstrap-hba.conf'));
}

async function temporaryConf(context: JobContext, method: BootstrapMethod): Promise<string> {
  const { options, directory, binaries, deadline } = context;
  const owned = (path: string) => ({ path, mode: 0o600, owner: options.runAs });
  const hba = join(options.stateDir, 'bootstrap-hba.conf');
  await writeFileIfChanged(owned(hba), 'local all all reject\n');
  const file = await directory.control(binaries.dir, 0, deadline);
  if (typeof file === 'string') throw new JobFailure(file);
  const settings = {
    ...Object.fromEntries([...file.standbyMinimums].map(([name, value]) => [name, String(value)])),
    ...reachedByNobody(context, hba),
    archive_mode: 'off',
    synchronous_standby_names: '',
    hot_standby: 'off',
    primary_conninfo: '',
    ...(await recoverySettings(context, method)),
  };
  const base = join(configDirOf(options), 'postgresql.conf');
  const include = (await exists(base)) ? [`include '${base}'`] : [];
  const lines = Object.entries(settings).map(([name, text]) => confLine(name, text));
  const path = join(options.stateDir, 'bootstrap.conf');
  await writeFileIfChanged(owned(path), `${[...include, ...lines].join('\n')}\n`);
  return path;
}

/** A target at which recovery would pause is one at which nobody could let it go on: it promotes. */
async function recoverySettings(
  { options }: JobContext,
  { recoveryConf, keepsRecoveryConf }: BootstrapMethod,
): Promise<Readonly<Record<string, string>>> {
  if (recoveryConf === undefined) {
    if (!keepsRecoveryConf) await removeSignals(options);
    return { recovery_target_action: 'promote' };
  }
  const { standby_mode: standbyMode, ...given } = recoveryConf;
  await removeSignals(options);
  const name = standbyMode === undefined ? 'recovery.signal' : 'standby.signal';
  const signalFile = { path: join(options.dataDir, name), mode: 0o600, owner: options.runAs };
  await writeFileIfChanged(signalFile, '');
  return { ...given, recovery_target_action: 'promote' };
}
