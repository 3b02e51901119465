import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import type { LogicalSlotCopy } from '../../core/model/logical-slot.ts';
import { JobFailure } from '../job-failure.ts';
import { putSlotFile, type SlotState } from '../slot-files.ts';
import { literal, type SqlConnection, withConnection } from '../sql-connection.ts';
import { assertNotCancelled, type JobContext } from './job-context.ts';
import { rewindLogin } from './rewind-login.ts';
import { startStandby } from './start.ts';
import { stop } from './stop.ts';

type CopySlots = Extract<Job, { kind: 'copySlots' }>;

/** Logical slots of the leader, put into this standby's directory while it is stopped for a moment; then it is started again. */
export async function copySlots(context: JobContext, job: CopySlots): Promise<JobFacts> {
  const names = job.slots.map(({ name }) => name).join(', ');
  context.progress(`reading the logical slots ${names} from ${job.from.member}`);
  const states = await readStates(context, job);
  assertNotCancelled(context);
  await stop(context, {
    kind: 'stop',
    mode: 'fast',
    checkpointFirst: false,
    why: `to copy the logical slots ${names}`,
  });
  for (const state of states) await putSlotFile(context.options, state);
  return startStandby(context, { kind: 'startStandby', follow: job.follow, settings: job.settings });
}

/** Everything that could speak against it is found out before the server is stopped. */
async function readStates(context: JobContext, { from, slots }: CopySlots): Promise<readonly SlotState[]> {
  const { options, deadline } = context;
  const place = { ...from.upstream, database: options.database, login: rewindLogin(context) };
  return await withConnection(place, 'slots', deadline, async (sql) => {
    await assertSource(context, from.member, sql);
    const states = [];
    for (const slot of slots) states.push(await readState(context, slot, sql));
    return states;
  });
}

async function assertSource(context: JobContext, member: string, sql: SqlConnection): Promise<void> {
  const { directory, binaries, deadline } = context;
  const [row] = await sql.query(
    'SELECT pg_is_in_recovery() AS standby, system_identifier::text AS id FROM pg_control_system()',
    deadline,
  );
  if (row?.['standby'] !== false) throw new JobFailure(`${member} does not lead any more: its slots are not copied`);
  const own = await directory.control(binaries.dir, 0, deadline);
  if (typeof own === 'string') throw new JobFailure(own);
  if (row['id'] !== own.control.systemId)
    throw new JobFailure(`${member} belongs to another cluster: its slots are not copied`);
}

/** One that is defined otherwise than it should be would have to be thrown away and copied again for ever. */
async function readState(
  { options, deadline }: JobContext,
  slot: LogicalSlotCopy,
  sql: SqlConnection,
): Promise<SlotState> {
  const { name, database, plugin } = slot;
  const text =
    `SELECT plugin::text AS plugin, database::text AS database, ` +
    `encode(pg_read_binary_file('pg_replslot/' || slot_name || '/state'), 'base64') AS state, ` +
    `right(pg_walfile_name(restart_lsn), 16) AS segment ` +
    `FROM pg_replication_slots WHERE slot_type = 'logical' AND slot_name = ${literal(name)}`;
  const [row] = await sql.query(text, deadline);
  if (row === undefined) throw new JobFailure(`the leader has no logical slot ${name} yet`);
  if (row['plugin'] !== plugin || row['database'] !== database) {
    const found = `${String(row['plugin'])} in ${String(row['database'])}`;
    throw new JobFailure(
      `the leader's slot ${name} is for ${found}, the configuration says ${plugin} in ${database}; it is not copied`,
    );
  }
  if (slot.isThere) await assertHasWal(options.dataDir, name, textOf(row['segment']));
  return { name, bytes: Buffer.from(textOf(row['state']), 'base64') };
}

/** A slot decodes from where its oldest transaction began. A standby that was cloned after that has no use for a copy yet. */
async function assertHasWal(dataDir: string, name: string, segment: string): Promise<void> {
  const files = await readdir(join(dataDir, 'pg_wal'));
  if (segment !== '' && files.some((file) => file.length === 24 && file.endsWith(segment))) return;
  throw new JobFailure(
    `the WAL that the slot ${name} begins with is not here; it is copied once its consumer has moved the leader's on`,
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
