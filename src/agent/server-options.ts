import type { LocalConfig } from '../config/local-config.ts';
import type { Hook, PostgresOptions, SystemAccount } from '../postgres/options.ts';
import type { ReplicaMethod } from '../core/model/user-programs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { fileURLToPath } from 'node:url';
import type { LiveConfig } from './live-config.ts';

const diskProgram = fileURLToPath(new URL('../postgres/disk/main.js', import.meta.url));

export interface ServerSurroundings {
  readonly dataDir: string;
  readonly stateDir: string;
  readonly binDir: string | undefined;
  readonly runAs: SystemAccount | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the PostgreSQL adapter is told. Fields that a reload changes are read anew each time they are used. */
export function serverOptions(live: LiveConfig, around: ServerSurroundings): PostgresOptions {
  const { scope, name, postgresql } = live.now;
  const { dataDir, stateDir, binDir, runAs, clock, log } = around;
  const isInside = postgresql.configDir === postgresql.dataDir;
  return {
    dataDir,
    configDir: isInside ? dataDir : postgresql.configDir,
    binDir,
    stateDir,
    listenAddresses: postgresql.listenAddresses,
    port: postgresql.port,
    localHost: postgresql.localHost,
    database: postgresql.database,
    superuser: postgresql.superuser,
    get replication() {
      return live.now.postgresql.replication;
    },
    get rewind() {
      return live.now.postgresql.rewind;
    },
    get localParameters() {
      return live.now.postgresql.parameters;
    },
    get pgHba() {
      return live.now.postgresql.pgHba;
    },
    get pgIdent() {
      return live.now.postgresql.pgIdent;
    },
    get recoveryConf() {
      return live.now.postgresql.recoveryConf;
    },
    get prePromote() {
      return hookOf(live.now, 'prePromote');
    },
    get beforeStop() {
      return hookOf(live.now, 'beforeStop');
    },
    // Whether to rewind is decided before: here it is only done.
    usePgRewind: true,
    get basebackupOptions() {
      return live.now.postgresql.basebackupArguments;
    },
    get replicaMethods() {
      return live.now.postgresql.replicaMethods;
    },
    replicaMethod: (method) => methodNamed(live.now, method),
    get rewindOptions() {
      return live.now.postgresql.rewindArguments;
    },
    ...newCluster(live.now),
    scope,
    memberName: name,
    pgpassFile: postgresql.pgpass,
    runAs,
    clock,
    diskProgram,
    note: (text) => log.log('INFO', text),
  };
}

function newCluster({ bootstrap }: LocalConfig) {
  return {
    initdbOptions: bootstrap?.initdbArguments ?? [],
    bootstrapMethod: bootstrap?.method,
    postBootstrap: bootstrap?.postBootstrap,
    bootstrapPgHba: bootstrap?.pgHba,
  };
}

function methodNamed({ postgresql }: LocalConfig, name: string): ReplicaMethod | undefined {
  const { namedMethods, replicaMethods } = postgresql;
  const listed = replicaMethods.find((method) => method !== 'basebackup' && method.name === name);
  if (listed !== undefined && listed !== 'basebackup') return listed;
  return Object.hasOwn(namedMethods, name) ? namedMethods[name] : undefined;
}

function hookOf({ postgresql, kornak }: LocalConfig, name: 'prePromote' | 'beforeStop'): Hook | undefined {
  const words = postgresql[name];
  return words === undefined ? undefined : { words, timeoutMs: kornak.hookTimeoutMs };
}
