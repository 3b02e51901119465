import type { Upstream } from '../core/model/local-postgres.ts';
import type { PostgresOptions } from './options.ts';
import type { SqlPlace } from './sql-connection.ts';

/** This server, as the superuser. */
export function localPlace(options: PostgresOptions): SqlPlace {
  const { localHost, port, database, superuser } = options;
  return { host: localHost, port, database, login: superuser };
}

/** Another member, where its timelines can be asked for. */
export function replicationPlace(options: PostgresOptions, upstream: Upstream): SqlPlace {
  return { ...upstream, database: options.database, login: options.replication, replication: 'true' };
}
