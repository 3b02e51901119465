// The file of a member: JSON is YAML, and both products read the same.
import { join } from 'node:path';
import { PASSWORDS } from '../../test/support/kornak-cluster.ts';
import type { Place } from './node.ts';

export type Mode = 'on' | 'quorum' | 'off';

export interface MemberFileOptions {
  readonly scope: string;
  readonly etcdHosts: readonly string[];
  readonly dcs: Readonly<Record<string, unknown>>;
  /** Who may connect. */
  readonly networks: readonly string[];
}

/** The clients that are measured with. A hundred password checks a second would take a processor of a small machine. */
export const BENCH_USER = 'bench';

/** The defaults of both, spelled out: 30/10/10. */
const TIMERS = { ttl: 30, loop_wait: 10, retry_timeout: 10, maximum_lag_on_failover: 1_048_576 } as const;

export function memberFile(place: Place, { scope, etcdHosts, dcs, networks }: MemberFileOptions): string {
  const { name, dir, address, port, apiPort } = place;
  const everywhere = place.namespace === undefined ? address : '0.0.0.0';
  return JSON.stringify(
    {
      scope,
      name,
      restapi: { listen: `${everywhere}:${apiPort}`, connect_address: `${address}:${apiPort}` },
      etcd3: { hosts: etcdHosts },
      bootstrap: {
        dcs: {
          ...TIMERS,
          postgresql: { use_pg_rewind: true, parameters: { wal_log_hints: 'on' } },
          ...dcs,
        },
        initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
      },
      postgresql: {
        listen: `${everywhere}:${port}`,
        connect_address: `${address}:${port}`,
        data_dir: join(dir, 'data'),
        bin_dir: '/usr/lib/postgresql/15/bin',
        pgpass: join(dir, 'pgpass'),
        use_pg_rewind: true,
        authentication: {
          superuser: { username: 'postgres', password: PASSWORDS.superuser },
          replication: { username: 'replicator', password: PASSWORDS.replication },
          rewind: { username: 'rewinder', password: PASSWORDS.rewind },
        },
        pg_hba: [
          ...networks.map((network) => `host all ${BENCH_USER} ${network} trust`),
          'local all all scram-sha-256',
          ...networks.map((network) => `host all all ${network} scram-sha-256`),
          ...networks.map((network) => `host replication replicator ${network} scram-sha-256`),
        ],
        parameters: {
          unix_socket_directories: dir,
          shared_buffers: '16MB',
          log_line_prefix: '%m [%p] ',
          log_timezone: 'UTC',
        },
      },
    },
    null,
    2,
  );
}

/** Patroni 3.0 knows no quorum. */
export function syncSettings(mode: Mode, product: string): Readonly<Record<string, unknown>> {
  if (mode === 'off') return {};
  return { synchronous_mode: mode === 'quorum' && product === 'kornak' ? 'quorum' : true };
}
