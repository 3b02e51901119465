import type { PostmasterId } from '../core/model/local-postgres.ts';
import { readProcess } from './process-table.ts';
import { type SqlConnection, SqlFailure } from './sql-connection.ts';

/** Another server may have taken the port before ours could, and the same password may open it. */
export function assertServedBy(connection: SqlConnection, postmaster: PostmasterId): void {
  const { backendPid } = connection;
  if (backendPid !== undefined && readProcess(backendPid)?.parentPid === postmaster.pid) return;
  connection.destroy();
  throw new SqlFailure(
    'another PostgreSQL than this one answers at its address; stop it or change postgresql.listen',
    undefined,
  );
}
