import type { FollowTarget } from '../../core/model/job.ts';
import type { Deadline } from '../deadline.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { type SqlConnection, withConnection } from '../sql-connection.ts';
import type { JobContext } from './job-context.ts';
import { rewindLogin } from './rewind-login.ts';

const STATE = `SELECT pg_is_in_recovery()::text AS recovering,
  CASE WHEN pg_is_in_recovery() THEN NULL
    ELSE (('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)::text END AS timeline,
  (SELECT timeline_id::text FROM pg_control_checkpoint()) AS checkpointed`;

/**
 * pg_rewind goes by the source's pg_control, which names the new timeline only after a checkpoint. Nobody tells us whether another
 * cluster has had one: it is asked for, where that is allowed.
 */
export async function readyRemote(context: JobContext, from: FollowTarget): Promise<void> {
  const { host, port } = from.upstream;
  const failures: string[] = [];
  for (const each of host.split(',')) {
    const place = { host: each, port, database: context.options.database, login: rewindLogin(context) };
    try {
      await withConnection(place, 'rewind', context.deadline, (sql) => ready(sql, context.deadline));
      return;
    } catch (error) {
      failures.push(`${each}:${port}: ${reasonOf(error)}`);
    }
  }
  throw new JobFailure(`no source to rewind to: ${failures.join('; ')}`);
}

async function ready(sql: SqlConnection, deadline: Deadline): Promise<void> {
  if (await isReady(sql, deadline)) return;
  await sql.query('CHECKPOINT', deadline);
  if (!(await isReady(sql, deadline))) throw new JobFailure('its last checkpoint is of an earlier timeline');
}

async function isReady(sql: SqlConnection, deadline: Deadline): Promise<boolean> {
  const row = (await sql.query(STATE, deadline))[0];
  if (row?.['recovering'] !== 'false') throw new JobFailure('it is a standby itself');
  return row['timeline'] === row['checkpointed'];
}
