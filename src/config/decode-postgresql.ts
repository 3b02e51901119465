import { parameterText } from '../core/settings/parameter-text.ts';
import { isRecoveryParameter } from '../core/settings/recovery-parameters.ts';
import { hostPortText, isWildcard } from './address.ts';
import { settledConnectAddress } from './connect-address.ts';
import type { Credentials, PostgresqlConfig } from './local-config.ts';
import { decodeNamedMethods, decodeReplicaMethods } from './decode-methods.ts';
import { readOptionList } from './option-list.ts';
import { type Report, warn } from './report.ts';
import type { LocalSchema } from './schema.ts';

type PostgresqlSchema = LocalSchema['postgresql'];

export function decodePostgresql(input: PostgresqlSchema, report: Report): PostgresqlConfig {
  const { addresses, port } = input.listen;
  const listen = { host: addresses[0] ?? '', port };
  const path = ['postgresql', 'connect_address'];
  const connectAddress = settledConnectAddress(input.connect_address, listen, path, report);
  const database = input.database ?? 'postgres';
  const { superuser, replication, rewind } = input.authentication;
  return {
    listenAddresses: addresses.join(','),
    port,
    localHost: localHost(input, report),
    connectAddress,
    connUrl: `postgres://${hostPortText(connectAddress)}/${encodeURIComponent(database)}`,
    dataDir: input.data_dir,
    configDir: input.config_dir ?? input.data_dir,
    binDir: input.bin_dir ?? '',
    database,
    superuser: decodeCredentials(superuser),
    replication: decodeCredentials(replication),
    rewind: rewind === undefined ? undefined : decodeCredentials(rewind),
    parameters: input.parameters,
    pgHba: input.pg_hba,
    pgIdent: input.pg_ident,
    usePgRewind: input.use_pg_rewind,
    removeDataDirectoryOnRewindFailure: input.remove_data_directory_on_rewind_failure,
    removeDataDirectoryOnDivergedTimelines: input.remove_data_directory_on_diverged_timelines,
    pgpass: input.pgpass,
    callbacks: decodeCallbacks(input.callbacks),
    prePromote: input.pre_promote,
    beforeStop: input.before_stop,
    recoveryConf: decodeRecoveryConf(input.recovery_conf, report),
    replicaMethods: decodeReplicaMethods(report),
    namedMethods: decodeNamedMethods(report),
    rewindArguments: decodeRewind(input.rewind, report),
    basebackupArguments: decodeBasebackup(input.basebackup, report),
  };
}

/** The first address that can be reached as localhost, else the first. */
function tcpHost(addresses: readonly string[]): string {
  const isLocal = addresses.some((address) => ['localhost', '127.0.0.1'].includes(address) || isWildcard(address));
  return isLocal ? 'localhost' : (addresses[0] ?? 'localhost');
}

/** The directory of the server's socket where that is wanted and known, else its TCP host. */
function localHost(input: PostgresqlSchema, report: Report): string {
  const tcp = tcpHost(input.listen.addresses);
  if (input.use_unix_socket !== true) return tcp;
  const directories = parameterText(input.parameters['unix_socket_directories'])?.split(',') ?? [];
  const socket = directories.map((directory) => directory.trim()).find((directory) => directory.startsWith('/'));
  if (socket === undefined) {
    const reason = `no directory is known for the socket; ${tcp} is used`;
    const remedy = 'set postgresql.parameters.unix_socket_directories to a whole path';
    warn(report, { path: ['postgresql', 'use_unix_socket'], reason, remedy });
  }
  return socket ?? tcp;
}

function decodeCredentials(input: PostgresqlSchema['authentication']['superuser']): Credentials {
  const { username, password, sslpassword, ...others } = input;
  const options = Object.entries(others).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return { username, password, sslPassword: sslpassword, options: Object.fromEntries(options) };
}

function decodeCallbacks(input: PostgresqlSchema['callbacks']): PostgresqlConfig['callbacks'] {
  const given = Object.entries(input ?? {}).filter(([, words]) => words !== undefined);
  return Object.fromEntries(given);
}

/** What following another member needs is the agent's to set, and a target would end the following. */
function isAgentsOwn(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    lower.startsWith('recovery_target') || ['primary_conninfo', 'primary_slot_name', 'standby_mode'].includes(lower)
  );
}

function decodeRecoveryConf(map: Readonly<Record<string, unknown>>, report: Report): Readonly<Record<string, string>> {
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(map)) {
    const path = ['postgresql', 'recovery_conf', name];
    const text = parameterText(value);
    if (!isRecoveryParameter(name)) warn(report, { path, reason: 'is no recovery setting; left out' });
    else if (isAgentsOwn(name)) warn(report, { path, reason: 'is set by the agent itself while it follows; left out' });
    else if (text === undefined) warn(report, { path, reason: 'must be one line of text; left out' });
    else kept.push([name.toLowerCase(), text]);
  }
  return Object.fromEntries(kept);
}

/** The agent's own arguments, and what would put the clone into another form than a data directory. */
const BASEBACKUP_FORBIDDEN =
  'pgdata format wal-method xlog-method gzip compress version dbname host port username password'.split(' ');

const REWIND_FORBIDDEN =
  'target-pgdata source-pgdata source-server write-recovery-conf dry-run restore-target-wal config-file no-ensure-shutdown version help'.split(
    ' ',
  );

function decodeRewind(input: unknown, report: Report): readonly string[] {
  const options = readOptionList(input, REWIND_FORBIDDEN);
  for (const reason of options.problems)
    warn(report, { path: ['postgresql', 'rewind'], reason: `${reason}; left out` });
  return options.arguments;
}

/** Options that cannot be used are left out rather than in the way of a clone. */
function decodeBasebackup(input: unknown, report: Report): readonly string[] {
  const options = readOptionList(input, BASEBACKUP_FORBIDDEN);
  for (const reason of options.problems)
    warn(report, { path: ['postgresql', 'basebackup'], reason: `${reason}; left out` });
  return options.arguments;
}
