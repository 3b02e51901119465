// Which adapter goes where: the only place that knows all of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { apiClient } from '../api/client.ts';
import { heartbeatClient } from '../api/heartbeat-client.ts';
import { type ApiServer, createApiServer } from '../api/server.ts';
import type { LocalConfig } from '../config/local-config.ts';
import { unusedDynamicKeys } from '../config/unused-dynamic-keys.ts';
import { decide } from '../core/decide/decide.ts';
import { keysBelow } from '../core/layout/keys.ts';
import type { Log } from '../ports/log.ts';
import { LocalServer } from '../postgres/local-server.ts';
import { createRuntime, type Runtime } from '../runtime/runtime.ts';
import { EtcdStore } from '../store/etcd-store.ts';
import { CallbackRunner } from './callbacks/callback-runner.ts';
import { GuardClient } from './guard/guard-client.ts';
import { HttpPeers } from './http-peers.ts';
import type { LiveConfig } from './live-config.ts';
import { checkName } from './name-check.ts';
import type { Place } from './prepare.ts';
import { Refusal } from './refusal.ts';
import { serverOptions } from './server-options.ts';
import { hasPromised, StatePromises } from './state-promises.ts';
import { SystemClock } from './system-clock.ts';
import { DeviceWatchdog } from './watchdog/device-watchdog.ts';
import { loadIoctl } from './watchdog/native-ioctl.ts';
import { systemRandom } from './system-random.ts';

export interface Agent {
  readonly runtime: Runtime;
  /** Waits for the store, refuses a name or a server that is not ours to use, listens, and begins. */
  start(isOver: () => boolean): Promise<void>;
  /** Lets go of everything; PostgreSQL and the guard go on as they are. */
  close(): Promise<void>;
}

const firstLookMs = 5_000;
/** What a callback of the last stop may still take when the agent ends. */
const callbacksEndMs = 10_000;
const guardProgram = fileURLToPath(new URL('../guard/main.js', import.meta.url));

export interface Owner {
  readonly onExit: (code: number, why: string) => void;
  readonly onReload: () => void;
}

export function compose(live: LiveConfig, place: Place, log: Log, { onExit, onReload }: Owner): Agent {
  const { dataDir, stateDir } = place;
  const config = live.now;
  const clock = new SystemClock();
  const store = new EtcdStore({ ...etcdOptions(config), clock });
  const postgres = new LocalServer(serverOptions(live, { ...place, clock, log }));
  const guard = new GuardClient({ dataDir, stateDir, program: guardProgram }, (text) => log.log('WARNING', text));
  const callbacks = new CallbackRunner(live, log);
  const watchdog = new DeviceWatchdog({
    wanted: () => live.now.watchdog,
    ioctl: loadIoctl,
    note: (text) => log.log('WARNING', text),
  });
  const access = { authentication: config.restapi.authentication, isInsecure: true };
  const promiseFile = new StatePromises(stateDir);
  const ports = {
    store,
    postgres,
    guard,
    promiseFile,
    peers: new HttpPeers(clock, apiClient(access), heartbeatClient(access)),
    clock,
    random: systemRandom,
    log,
    callbacks,
    watchdog,
  };
  const runtime = createRuntime(ports, {
    self: live.self(),
    keys: keysBelow(config.storePrefix),
    decide,
    reviewConfig: unusedDynamicKeys,
    onExit,
    onReload,
  });
  const api = apiServer(config, runtime, log);
  return {
    runtime,
    async start(isOver) {
      await refuseWithoutWatchdog(live.now);
      refuseLogin(await postgres.observe(firstLookMs));
      const { storePrefix, name } = config;
      // Under a promise it was a member seconds ago, and a leader without the store waits for its answer.
      if (!(await hasPromised(promiseFile, clock)))
        await checkName({ store, log, storePrefix, name, isOver, sleep: (ms) => sleep(ms) });
      if (isOver()) return;
      await listen(api, config);
      runtime.start();
    },
    async close() {
      await Promise.all([api.close(), callbacks.close(callbacksEndMs)]);
      postgres.close();
      guard.close();
      store.close();
    },
  };
}

function etcdOptions({ etcd }: LocalConfig) {
  const { endpoints, username, password, caFile, certFile, keyFile } = etcd;
  const tls = caFile === undefined && certFile === undefined ? undefined : { ca: caFile, cert: certFile, key: keyFile };
  return { endpoints, username, password: password?.reveal(), tls };
}

function apiServer({ restapi, scope, name }: LocalConfig, runtime: Runtime, log: Log): ApiServer {
  const { listen: where, authentication, tls } = restapi;
  return createApiServer(runtime.desk, { listen: where, authentication, tls, scope, name, log });
}

async function listen(api: ApiServer, { restapi }: LocalConfig): Promise<void> {
  try {
    await api.start();
  } catch (error) {
    const { host, port } = restapi.listen;
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(
      `The REST API cannot listen on ${host}:${port}: ${why}\nFree the port, or change restapi.listen.`,
    );
  }
}

/** Where no device could ever be used, this member could never lead. */
async function refuseWithoutWatchdog({ watchdog }: LocalConfig): Promise<void> {
  if (watchdog.mode !== 'required' || watchdog.driver === 'testing') return;
  const ioctl = await loadIoctl();
  if (typeof ioctl === 'string')
    throw new Refusal(`watchdog.mode is required, but ${ioctl}\nInstall it, or set watchdog.mode to automatic.`);
}

/** A server that runs already and does not let us in: found out now, not when it is to be led. */
function refuseLogin({ postmaster, sql }: Awaited<ReturnType<LocalServer['observe']>>): void {
  if (postmaster === undefined || sql.kind === 'seen') return;
  if (!/password authentication failed|no pg_hba\.conf entry|role ".*" does not exist/.test(sql.why)) return;
  throw new Refusal(
    `The PostgreSQL that runs here does not let the agent in: ${sql.why}\n` +
      `Correct postgresql.authentication.superuser, or its line in pg_hba.conf.`,
  );
}
