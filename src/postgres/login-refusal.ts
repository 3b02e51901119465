import type { PostgresOptions } from './options.ts';
import { SqlFailure } from './sql-connection.ts';

/** A server that runs but does not let our superuser in: by password, pg_hba, role or database. */
export function isLoginRefusal(error: unknown): boolean {
  return error instanceof SqlFailure && error.code !== undefined && /^(28|3D)/.test(error.code);
}

export function loginRefusal({ superuser, localHost, port }: PostgresOptions, reason: string): string {
  return (
    `PostgreSQL runs, but does not let user "${superuser.username}" in at ${localHost}:${port}: ${reason}; ` +
    'correct postgresql.authentication.superuser or pg_hba'
  );
}
