import type { SqlStatus } from './local-postgres.ts';

/** `replication_state` of the contract; undefined: a primary, or a standby that gets WAL from nowhere. */
export function replicationStateOf(sql: SqlStatus | undefined): string | undefined {
  if (sql?.kind !== 'standby') return undefined;
  if (sql.receiver?.status === 'streaming') return 'streaming';
  return sql.hasArchive === true ? 'in archive recovery' : undefined;
}
