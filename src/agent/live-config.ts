import type { Self } from '../core/model/observation.ts';
import type { LocalConfig, PostgresqlConfig } from '../config/local-config.ts';
import { contractVersion } from './member-version.ts';

/** The configuration in force: replaced as a whole by a reload, read at the moment of use by whoever holds it. */
export class LiveConfig {
  #config: LocalConfig;
  #reloads = 0;

  constructor(config: LocalConfig) {
    this.#config = config;
  }

  get now(): LocalConfig {
    return this.#config;
  }

  /** Takes what may change while the agent runs, and names what only a restart brings into force. */
  replace(next: LocalConfig): readonly string[] {
    const before = this.#config;
    this.#reloads += 1;
    const { tags, log, ctl, watchdog } = next;
    const { callbackTimeoutMs, hookTimeoutMs } = next.kornak;
    const kornak = { ...before.kornak, callbackTimeoutMs, hookTimeoutMs };
    this.#config = {
      ...before,
      tags,
      log,
      ctl,
      watchdog,
      kornak,
      postgresql: reloaded(before.postgresql, next.postgresql),
    };
    return [
      ...differing(next, this.#config, ''),
      ...differing(next.postgresql, this.#config.postgresql, 'postgresql.'),
    ];
  }

  self(): Self {
    const { name, scope, postgresql, restapi, bootstrap } = this.#config;
    const current = (): LocalConfig => this.#config;
    const reloads = (): number => this.#reloads;
    return {
      name,
      scope,
      connUrl: postgresql.connUrl,
      apiUrl: restapi.apiUrl,
      version: contractVersion,
      get tags() {
        return current().tags;
      },
      mayBootstrap: bootstrap !== undefined,
      get watchdog() {
        const { mode, safetyMarginS } = current().watchdog;
        return { mode, safetyMarginS };
      },
      get hasPrePromote() {
        return current().postgresql.prePromote !== undefined;
      },
      get restoresAlone() {
        const { replicaMethods } = current().postgresql;
        return replicaMethods.some((method) => method !== 'basebackup' && method.needsNoLeader);
      },
      get localRevision() {
        return reloads();
      },
      get overrides() {
        return overridesOf(current());
      },
      initialConfig: bootstrap?.dcs ?? {},
    };
  }
}

/** What the server is told anew, and what is read at the moment of use. */
function reloaded(before: PostgresqlConfig, next: PostgresqlConfig): PostgresqlConfig {
  const { parameters, pgHba, pgIdent, recoveryConf, usePgRewind, basebackupArguments } = next;
  const { replication, rewind, callbacks, prePromote, beforeStop } = next;
  const settings = { parameters, pgHba, pgIdent, recoveryConf, usePgRewind, basebackupArguments };
  return { ...before, ...settings, replication, rewind, callbacks, prePromote, beforeStop };
}

function overridesOf({ postgresql, kornak }: LocalConfig): Self['overrides'] {
  const { usePgRewind, pgHba, pgIdent, removeDataDirectoryOnRewindFailure, removeDataDirectoryOnDivergedTimelines } =
    postgresql;
  const { leaderTtlMs, healthTimeoutMs, divergence } = kornak;
  const removal = { removeDataDirectoryOnRewindFailure, removeDataDirectoryOnDivergedTimelines };
  return { usePgRewind, pgHba, pgIdent, ...removal, leaderTtlMs, healthTimeoutMs, divergence };
}

function differing(next: object, now: object, prefix: string): readonly string[] {
  const inForce = new Map(Object.entries(now));
  return Object.entries(next)
    .filter(([key, value]) => key !== 'postgresql' && shape(value) !== shape(inForce.get(key)))
    .map(([key]) => prefix + key);
}

/** Secrets hide themselves, so a changed password alone is not noticed: what connects reads its file when it is started. */
function shape(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
