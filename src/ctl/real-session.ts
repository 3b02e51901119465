import { apiClient } from '../api/client.ts';
import { EtcdStore } from '../store/etcd-store.ts';
import type { CtlConfig } from './ctl-config.ts';
import { etcdDcs } from './etcd-dcs.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Commands end within seconds: no lease of theirs outlives a sleep of the machine, so the process's clock will do. */
const CLOCK = {
  bootMs: () => performance.now(),
  wallAt: () => new Date().toISOString(),
  after(delayMs: number, fire: () => void) {
    const timer = setTimeout(fire, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

export function realSession(config: CtlConfig, terminal: Terminal, isStrict: boolean): Session {
  const { etcd, authentication, caFile, isInsecure } = config;
  const store = new EtcdStore({
    endpoints: etcd.endpoints,
    username: etcd.username,
    password: etcd.password?.reveal(),
    tls: { ca: etcd.caFile, cert: etcd.certFile, key: etcd.keyFile },
    clock: CLOCK,
  });
  return {
    terminal,
    dcs: etcdDcs(store, config.namespace),
    callApi: apiClient({ authentication, caFile, isInsecure }),
    scope: config.scope,
    ownApiUrl: config.apiUrl,
    isStrict,
  };
}
