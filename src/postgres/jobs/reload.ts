import type { FollowTarget } from '../../core/model/job.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import { poll } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import { signal } from '../kill-server.ts';
import { withConnection } from '../sql-connection.ts';
import { upstreamTexts } from '../recovery-settings.ts';
import { localPlace } from '../sql-places.ts';
import type { JobContext } from './job-context.ts';

const LOOK_EVERY_MS = 3;

export function reload(postmaster: PostmasterId): void {
  if (!signal(postmaster.pid, 'SIGHUP')) throw new JobFailure('PostgreSQL ended before it could be reloaded');
}

/**
 * Waits until the server runs with these values. Asked over a new connection each time: the postmaster forks it only after it
 * has signalled the reload to all of its children, so an answer says too that they have been told.
 */
export async function waitInForce(context: JobContext, wanted: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(wanted);
  const text = `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`;
  let found: Record<string, unknown> = {};
  const isInForce = async (): Promise<true | undefined> => {
    const { deadline } = context;
    const rows = await withConnection(localPlace(context.options), 'reload', deadline, (sql) =>
      sql.query(text, deadline),
    );
    found = rows[0] ?? {};
    return names.every((name) => found[name] === wanted[name]) ? true : undefined;
  };
  if ((await poll(isInForce, LOOK_EVERY_MS, context.deadline)) === true) return;
  const wrong = names.filter((name) => found[name] !== wanted[name]);
  const { stateDir, dataDir } = context.options;
  throw new JobFailure(
    `after a reload the server still runs with another ${wrong.join(', ')}; ` +
      `see ${stateDir}/postgres.log for an error in a configuration file, and ${dataDir}/postgresql.auto.conf for ALTER SYSTEM`,
  );
}

export function upstreamSettings(
  context: JobContext,
  follow: FollowTarget | undefined,
): Readonly<Record<string, string>> {
  const { conninfo, slot } = upstreamTexts(context.options, follow, context.binaries.majorVersion);
  return { primary_conninfo: conninfo, primary_slot_name: slot };
}
