import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlData } from '../../core/model/local-postgres.ts';
import type { FollowTarget } from '../../core/model/job.ts';
import { withConnection } from '../sql-connection.ts';
import { segmentName, segmentSize } from '../wal-segments.ts';
import type { JobContext } from './job-context.ts';
import { rewindLogin } from './rewind-login.ts';

/**
 * Whether the leader's WAL has the very shutdown checkpoint with which this directory ends. Two servers that were promoted on
 * their own write one timeline number and different WAL; a record carries its time and its checksum, so it is only ever itself.
 * WAL that the leader does not keep any more tells nothing, and nothing is taken for shared.
 */
export async function sharesEnd(context: JobContext, control: ControlData, from: FollowTarget): Promise<boolean> {
  const { options, deadline } = context;
  const walDir = join(options.dataDir, 'pg_wal');
  const segmentBytes = await segmentSize(walDir);
  const { checkpointTimeline, checkpointLsn: begin, checkpointEndLsn: end } = control;
  if (segmentBytes === undefined || end === undefined) return false;
  const name = segmentName(checkpointTimeline, begin, segmentBytes);
  const offset = begin % segmentBytes;
  const length = end - begin < segmentBytes - offset ? end - begin : segmentBytes - offset;
  const mine = await readAt(join(walDir, name), Number(offset), Number(length));
  const place = { ...from.upstream, database: options.database, login: rewindLogin(context) };
  const text = `SELECT encode(pg_read_binary_file('pg_wal/${name}', ${offset}, ${length}, true), 'hex') AS bytes`;
  const theirs = await withConnection(place, 'divergence', deadline, (sql) => sql.value(text, 'bytes', deadline));
  return theirs === mine.toString('hex');
}

async function readAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
