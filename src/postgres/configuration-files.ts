import { copyFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FollowTarget, ServerSettings } from '../core/model/job.ts';
import type { Upstream } from '../core/model/local-postgres.ts';
import { isRecoveryParameter } from '../core/settings/recovery-parameters.ts';
import { type ServerParameter, serverParameters } from '../core/settings/server-parameters.ts';
import { primaryConninfo, upstreamFromConninfo } from './conninfo.ts';
import { directoryVersion } from './data-directory.ts';
import { JobFailure } from './job-failure.ts';
import { configDirOf, pgpassFileOf, type PostgresOptions } from './options.ts';
import { writePgpass } from './pgpass.ts';
import { confText, recoveryLinesOf, settingIn, withoutSettings } from './postgresql-conf.ts';
import { primaryLines, recoveryLines, upstreamTexts, type UpstreamTexts } from './recovery-settings.ts';
import { exists, type FileTarget, readIfPresent, writeFileIfChanged } from './write-file.ts';

/** keep: whom the server follows stays as the files have it. */
export type WantedRole =
  | { readonly kind: 'primary' }
  | { readonly kind: 'standby'; readonly follow: FollowTarget | undefined }
  | { readonly kind: 'keep' };

export interface Configuration {
  readonly settings: ServerSettings;
  readonly role: WantedRole;
  /** What a standby must not go below, from pg_control. */
  readonly minimums?: ReadonlyMap<string, number>;
}

export interface WrittenConfiguration {
  readonly confPath: string;
  /** `--name=value` for each parameter that nothing in a file or ALTER SYSTEM may override. */
  readonly commandLine: readonly string[];
}

const BASE_CONF = 'postgresql.base.conf';
const SYNC_NAMES = 'synchronous_standby_names';
const FEEDBACK = 'hot_standby_feedback';

/**
 * The configuration files. One writing at a time: one that keeps the upstream, read just before another emptied it, would
 * bring a receiver back that was cut off.
 */
export class ConfigurationFiles {
  readonly #options: PostgresOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** Writes what differs of postgresql.conf, pg_hba.conf, pg_ident.conf and the pgpass file. */
  write(wanted: Configuration): Promise<WrittenConfiguration> {
    const written = this.#last.then(() => writeConfiguration(this.#options, wanted));
    this.#last = written.catch(() => {}); // Whoever asked for it is told.
    return written;
  }

  /**
   * Whom this very member streams from by the file; undefined: nobody. A line that we would write otherwise today, such as one
   * of another member whose directory was copied, says nothing.
   */
  async upstream(): Promise<FollowTarget | undefined> {
    const lines = recoveryLinesOf((await readIfPresent(join(configDirOf(this.#options), 'postgresql.conf'))) ?? '');
    const written = settingIn(lines, 'primary_conninfo') ?? '';
    const upstream = upstreamFromConninfo(written);
    if (upstream === undefined) return undefined;
    const slot = settingIn(lines, 'primary_slot_name') ?? '';
    const target = {
      member: `${upstream.host}:${upstream.port}`,
      upstream,
      slot: slot === '' ? undefined : slot,
    };
    const majorVersion = (await directoryVersion(this.#options.dataDir)) ?? 0;
    const remote = { applicationName: `${this.#options.scope}/${this.#options.memberName}` };
    return [target, { ...target, remote }].find(
      (each) => primaryConninfo(this.#options, each, majorVersion) === written,
    );
  }
}

async function writeConfiguration(options: PostgresOptions, wanted: Configuration): Promise<WrittenConfiguration> {
  const { settings, role } = wanted;
  const configDir = configDirOf(options);
  const confPath = join(configDir, 'postgresql.conf');
  await prepareBaseConf(options, confPath);
  const majorVersion = (await directoryVersion(options.dataDir)) ?? 0;
  const { parameters, recovery, isSyncOurs } = parametersOf(options, settings, majorVersion);
  const texts = [...parameters.values()].map((found) => withMinimum(found, wanted.minimums));
  const files = filesOf(options, parameters);
  const upstream = role.kind === 'keep' ? await upstreamIn(confPath) : followedIn(role)?.upstream;
  if (upstream !== undefined) await writePgpass(options, pgpassFileOf(options), upstream, options.replication);
  const followed = await upstreamTextsFor(role, options, { confPath, majorVersion });
  const lines = followed === undefined ? primaryLines() : recoveryLines(options, recovery, followed, settings.recovery);
  const target = await targetIn(options, configDir);
  const all = [...texts.map(({ name, text }) => [name, text] as const), ...files.parameters];
  await writeFileIfChanged(
    target('postgresql.conf'),
    confText({ include: BASE_CONF, parameters: all, recoveryLines: lines }),
  );
  await writeList(target('pg_hba.conf'), files.isHbaOurs ? (options.pgHba ?? settings.pgHba) : undefined);
  await writeList(target('pg_ident.conf'), files.isIdentOurs ? (options.pgIdent ?? settings.pgIdent) : undefined);
  await stripAutoConf(options, isSyncOurs);
  return {
    confPath,
    commandLine: texts.filter((found) => found.onCommandLine).map(({ name, text }) => `--${name}=${text}`),
  };
}

/** undefined: it is no standby. */
async function upstreamTextsFor(
  role: WantedRole,
  options: PostgresOptions,
  { confPath, majorVersion }: { readonly confPath: string; readonly majorVersion: number },
): Promise<UpstreamTexts | undefined> {
  if (role.kind === 'standby') return upstreamTexts(options, role.follow, majorVersion);
  const lines = role.kind === 'keep' ? recoveryLinesOf((await readIfPresent(confPath)) ?? '') : [];
  const conninfo = settingIn(lines, 'primary_conninfo');
  return conninfo === undefined ? undefined : { conninfo, slot: settingIn(lines, 'primary_slot_name') ?? '' };
}

function followedIn(role: WantedRole): FollowTarget | undefined {
  return role.kind === 'standby' ? role.follow : undefined;
}

/** Whom the server follows by the file: the password for that may have changed. */
async function upstreamIn(confPath: string): Promise<Upstream | undefined> {
  const conninfo = settingIn(recoveryLinesOf((await readIfPresent(confPath)) ?? ''), 'primary_conninfo');
  return conninfo === undefined ? undefined : upstreamFromConninfo(conninfo);
}

function parametersOf(options: PostgresOptions, settings: ServerSettings, majorVersion: number) {
  const fixed = {
    listenAddresses: options.listenAddresses,
    port: options.port,
    clusterName: options.scope,
    majorVersion,
    configDir: configDirOf(options),
  };
  const isOurs = settings.managesSync || settings.syncNames !== undefined;
  const found = serverParameters(
    options.localParameters,
    { parameters: settings.parameters, synchronousMode: isOurs ? 'on' : 'off' },
    fixed,
  );
  const parameters = new Map(found.parameters);
  const name = SYNC_NAMES;
  // Written even where it is nothing, so that no file that is included sets it.
  if (isOurs || !parameters.has(name))
    parameters.set(name, { name, text: settings.syncNames ?? '', from: 'fixed', onCommandLine: false });
  if (settings.hotStandbyFeedback === true)
    parameters.set(FEEDBACK, { name: FEEDBACK, text: 'on', from: 'fixed', onCommandLine: false });
  return { parameters, recovery: found.recovery, isSyncOurs: isOurs };
}

function withMinimum(parameter: ServerParameter, minimums: Configuration['minimums']): ServerParameter {
  const minimum = minimums?.get(parameter.name);
  return minimum === undefined || minimum <= Number(parameter.text)
    ? parameter
    : { ...parameter, text: String(minimum) };
}

/** Where the access rules live: our files, unless the user names others, which are then left alone. */
function filesOf(options: PostgresOptions, parameters: ReadonlyMap<string, ServerParameter>) {
  const ours = {
    hba_file: join(configDirOf(options), 'pg_hba.conf'),
    ident_file: join(configDirOf(options), 'pg_ident.conf'),
  };
  const isOurs = (name: keyof typeof ours): boolean => (parameters.get(name)?.text ?? ours[name]) === ours[name];
  const names = ['hba_file', 'ident_file'] as const;
  return {
    parameters: names.filter((name) => !parameters.has(name)).map((name) => [name, ours[name]] as const),
    isHbaOurs: isOurs('hba_file'),
    isIdentOurs: isOurs('ident_file'),
  };
}

/** What stood in postgresql.conf before us is kept under another name and included first. */
async function prepareBaseConf(options: PostgresOptions, confPath: string): Promise<void> {
  const basePath = join(configDirOf(options), BASE_CONF);
  if (await exists(basePath)) return;
  if (await exists(confPath)) {
    await rename(confPath, basePath);
    return;
  }
  const initial = join(options.dataDir, 'postgresql.conf');
  if (!(await exists(initial))) {
    throw new JobFailure(
      `neither ${confPath} nor ${basePath} exists; restore one of them or set postgresql.config_dir`,
    );
  }
  await copyFile(initial, basePath);
}

async function targetIn(options: PostgresOptions, dir: string): Promise<(name: string) => FileTarget> {
  // A data directory that its group may read has files that its group may read.
  const isGroupReadable = ((await stat(options.dataDir)).mode & 0o050) === 0o050;
  return (name) => ({ path: join(dir, name), mode: isGroupReadable ? 0o640 : 0o600, owner: options.runAs });
}

async function writeList(target: FileTarget, lines: readonly string[] | undefined): Promise<void> {
  if (lines === undefined || lines.length === 0) return;
  const banner = '# Written by kornak: do not edit. Change it in the configuration.';
  await writeFileIfChanged(target, `${[banner, ...lines].join('\n')}\n`);
}

/**
 * ALTER SYSTEM and `pg_basebackup -R` leave an upstream there that would go before ours. So would whom commits wait for: every
 * clone would inherit it, and none could be promoted.
 */
async function stripAutoConf(options: PostgresOptions, isSyncOurs: boolean): Promise<void> {
  const target = (await targetIn(options, options.dataDir))('postgresql.auto.conf');
  const text = await readIfPresent(target.path);
  if (text === undefined) return;
  const isUnwanted = (name: string): boolean =>
    isRecoveryParameter(name) || (isSyncOurs && name.toLowerCase() === SYNC_NAMES);
  const stripped = withoutSettings(text, isUnwanted);
  if (stripped !== text) await writeFileIfChanged(target, stripped);
}
