import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryEntry } from '../../core/model/cluster.ts';
import type { FollowTarget } from '../../core/model/job.ts';
import type { ControlData } from '../../core/model/local-postgres.ts';
import { lsn, type Lsn, lsnToText } from '../../core/model/lsn.ts';
import { historyFileName, historyFromText, readHistory } from '../history-file.ts';
import { JobFailure } from '../job-failure.ts';
import { withConnection } from '../sql-connection.ts';
import { replicationPlace } from '../sql-places.ts';
import { ensureDirectory, writeFileIfChanged } from '../write-file.ts';
import type { JobContext } from './job-context.ts';
import { fileTime } from './set-aside.ts';

/** Divergent WAL is kept up to this size and up to this share of the free space. */
const KEPT_BYTES_MAX = 1024 ** 3;
const KEPT_SHARE_MAX = 0.1;

/** The upstream's own timeline has not ended. */
const MAX_LSN = lsn(0xffff_ffff_ffff_ffffn);

interface Fork {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/**
 * Writes down what a rewind is about to throw away, and keeps a copy of that WAL where there is room: it may hold commits
 * that somebody was told of.
 */
export async function recordDivergence(context: JobContext, from: FollowTarget): Promise<void> {
  const { options, directory, binaries, deadline } = context;
  const file = await directory.control(binaries.dir, 0, deadline);
  if (typeof file === 'string') throw new JobFailure(file);
  const local = await localHistory(options.dataDir, file.control);
  const upstream = await upstreamHistory(context, from);
  const fork = forkOf(local, upstream.history);
  const name = join(options.stateDir, `divergence-${fileTime(options.clock.wallAt())}`);
  const kept = fork === undefined ? [] : await keepWal(context, name, fork, file.control);
  await ensureDirectory(options.stateDir, options.runAs);
  const record = {
    at: options.clock.wallAt(),
    dataDir: options.dataDir,
    upstream: { member: from.member, timeline: upstream.timeline },
    local: {
      state: file.control.state,
      timeline: file.control.checkpointTimeline,
      checkpoint: lsnToText(endOf(file.control)),
    },
    fork: fork === undefined ? null : { timeline: fork.timeline, lsn: lsnToText(fork.lsn) },
    keptSegments: kept,
    keptIn: kept.length === 0 ? null : name,
  };
  const target = { path: `${name}.json`, mode: 0o600, owner: options.runAs };
  await writeFileIfChanged(target, `${JSON.stringify(record, undefined, 2)}\n`);
  const where = fork === undefined ? 'no common point' : `${lsnToText(fork.lsn)} on timeline ${fork.timeline}`;
  options.note?.(`rewinding to ${from.member}: own WAL after ${where} is thrown away; see ${target.path}`);
}

/** Where two histories part: the earlier end of the last timeline that they share. */
export function forkOf(one: readonly HistoryEntry[], other: readonly HistoryEntry[]): Fork | undefined {
  let fork: Fork | undefined;
  for (const [index, mine] of one.entries()) {
    const theirs = other[index];
    if (theirs?.timeline !== mine.timeline) return fork;
    fork = { timeline: mine.timeline, lsn: mine.lsn < theirs.lsn ? mine.lsn : theirs.lsn };
    if (mine.lsn !== theirs.lsn) return fork;
  }
  return fork;
}

/** With the current timeline as its last row, which has not ended: its end is where the WAL ends. */
async function localHistory(dataDir: string, control: ControlData): Promise<readonly HistoryEntry[]> {
  const timeline = control.checkpointTimeline;
  const rows = historyFromText((await readHistory(dataDir, timeline)) ?? '');
  return [...rows, { timeline, lsn: endOf(control), reason: '' }];
}

function endOf(control: ControlData): Lsn {
  return control.minRecoveryEndLsn > control.checkpointLsn ? control.minRecoveryEndLsn : control.checkpointLsn;
}

async function upstreamHistory(context: JobContext, from: FollowTarget) {
  const { options, deadline } = context;
  return withConnection(replicationPlace(options, from.upstream), 'rewind', deadline, async (connection) => {
    const identity = (await connection.query('IDENTIFY_SYSTEM', deadline))[0];
    const timeline = Number(identity?.['timeline']);
    const end = { timeline, lsn: MAX_LSN, reason: '' };
    if (timeline === 1) return { timeline, history: [end] };
    const file = (await connection.query(`TIMELINE_HISTORY ${timeline}`, deadline))[0];
    const content = file?.['content'];
    const text = content instanceof Buffer ? content.toString('utf8') : String(content);
    return { timeline, history: [...historyFromText(text), end] };
  });
}

async function keepWal(
  context: JobContext,
  name: string,
  fork: Fork,
  control: ControlData,
): Promise<readonly string[]> {
  const { options } = context;
  const walDir = join(options.dataDir, 'pg_wal');
  const segments = await segmentsAfter(walDir, fork, control);
  const sizes = await Promise.all(segments.map(async (segment) => (await stat(join(walDir, segment))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const { bavail, bsize } = await statfs(options.stateDir);
  if (bytes === 0 || bytes > Math.min(KEPT_BYTES_MAX, bavail * bsize * KEPT_SHARE_MAX)) return [];
  await mkdir(name, { recursive: true, mode: 0o700 });
  const histories = [historyFileName(control.checkpointTimeline)];
  for (const file of segments) await copyFile(join(walDir, file), join(name, file), constants.COPYFILE_FICLONE);
  for (const file of histories) await copyFile(join(walDir, file), join(name, file)).catch(() => {}); // Timeline 1 has none.
  return segments;
}

/** Segments of the local timelines from the fork on; recycled ones lie beyond the end and are left out. */
async function segmentsAfter(walDir: string, fork: Fork, control: ControlData): Promise<readonly string[]> {
  const segments = (await readdir(walDir)).filter((entry) => /^[0-9A-F]{24}$/.test(entry));
  const positionOf = (segment: string): bigint => BigInt(`0x${segment.slice(8, 16)}${segment.slice(16)}`);
  const sample = segments[0];
  if (sample === undefined) return [];
  const segmentBytes = BigInt((await stat(join(walDir, sample))).size);
  const numberOf = (at: bigint): bigint => {
    const perFile = 0x1_0000_0000n / segmentBytes;
    const number = at / segmentBytes;
    return ((number / perFile) << 32n) | (number % perFile);
  };
  const [first, last] = [numberOf(fork.lsn), numberOf(endOf(control))];
  return segments
    .filter((segment) => positionOf(segment) >= first && positionOf(segment) <= last)
    .filter((segment) => Number.parseInt(segment.slice(0, 8), 16) >= fork.timeline)
    .toSorted((a, b) => (a < b ? -1 : 1));
}
