import type { JobFacts } from '../../core/model/job.ts';
import type { Deadline } from '../deadline.ts';
import { withConnection } from '../sql-connection.ts';
import { localPlace } from '../sql-places.ts';
import type { JobContext } from './job-context.ts';

export async function checkpoint(context: JobContext): Promise<JobFacts> {
  context.progress('checkpoint');
  await requestCheckpoint(context, context.deadline);
  return {};
}

/** On a connection of its own, for it may take minutes. */
export async function requestCheckpoint(context: JobContext, deadline: Deadline): Promise<void> {
  await withConnection(localPlace(context.options), 'checkpoint', deadline, async (connection) => {
    await connection.query('SET statement_timeout = 0', deadline);
    await connection.query('CHECKPOINT', deadline);
  });
}
