import { constants } from 'node:fs';
import { copyFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryEntry } from '../../core/model/cluster.ts';
import type { DivergenceRecord } from '../../core/model/divergence-record.ts';
import type { FollowTarget, Job, JobFacts } from '../../core/model/job.ts';
import type { ControlData } from '../../core/model/local-postgres.ts';
import { LSN_ZERO, type Lsn, lsnToText, maxLsn } from '../../core/model/lsn.ts';
import { type Divergence, judgeDivergence, type LeaderLine, localEndOf } from '../../core/recovery/divergence.ts';
import { archiveDir, newId, readRecords, walDirOf, writeRecord } from '../divergence-archive.ts';
import { atMost } from '../deadline.ts';
import { historyFileName, historyFromText, readHistory } from '../history-file.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { namesOf } from '../relation-names.ts';
import { withConnection } from '../sql-connection.ts';
import { replicationPlace } from '../sql-places.ts';
import { segmentSize, segmentsOf, type WalStretch } from '../wal-segments.ts';
import { summarize, WalSummary } from '../wal-summary.ts';
import { ensureDirectory, exists, syncDirectory } from '../write-file.ts';
import { assertStopped, type JobContext, tool } from './job-context.ts';
import { rewindLogin } from './rewind-login.ts';
import { sharesEnd } from './shares-end.ts';

type RecordDivergence = Extract<Job, { kind: 'recordDivergence' }>;

/** Divergent WAL is kept up to this size and up to this share of the free space. */
const KEPT_BYTES_MAX = 1024 ** 3;
const KEPT_SHARE_MAX = 0.1;
const SUMMARY_MS = 60_000;
const RELATIONS_MAX = 200;

interface Fork {
  readonly timeline: number;
  readonly lsn: Lsn;
}

interface Upstream extends LeaderLine {
  readonly systemId: string;
}

/**
 * Writes down what is about to be given up, and keeps a copy of that WAL where there is room: it may hold commits that somebody
 * was told of. The leader's server itself is asked where the histories part. Repeated, it finds its own record again.
 */
export async function recordDivergence(context: JobContext, job: RecordDivergence): Promise<JobFacts> {
  const { options, directory, binaries, deadline } = context;
  assertStopped(context);
  context.progress('recording what is given up');
  const file = await directory.control(binaries.dir, 0, deadline);
  if (typeof file === 'string') throw new JobFailure(file);
  const upstream = await upstreamHistory(context, job.from);
  if (upstream.systemId !== file.control.systemId)
    throw new JobFailure(
      `${job.from.member} is of another cluster: its system identifier is ${upstream.systemId}, here it is ${file.control.systemId}`,
    );
  const local = await localHistory(options.dataDir, file.control);
  const isTwice = job.from.remote === undefined && isNumberTaken(file.control, upstream);
  const verdict = isTwice
    ? await verdictByWal(context, file.control, job.from)
    : sameNumbers(verdictOf(file.control, upstream), local, upstream);
  const fork = verdict.kind === 'none' ? undefined : isTwice ? beginOf(local) : forkOf(local, upstream);
  const before = await earlierRecord(context, file.control, fork, job);
  const record = before ?? (await newRecord(context, job, { control: file.control, upstream, verdict, local, fork }));
  const isHeld = record.state === 'held' && job.hold;
  return { recorded: { id: record.id, verdict: record.verdict, isHeld } };
}

/** It ended as a primary on a timeline with the leader's number. */
function isNumberTaken(control: ControlData, upstream: Upstream): boolean {
  return control.state === 'shut down' && control.checkpointTimeline === upstream.timeline;
}

async function verdictByWal(context: JobContext, control: ControlData, from: FollowTarget): Promise<Divergence> {
  if (await sharesEnd(context, control, from)) return { kind: 'none' };
  const why = `its end is not in the leader's WAL, though both are timeline ${control.checkpointTimeline}`;
  return { kind: 'diverged', why, forkLsn: undefined };
}

/** Of two timelines with one number all is taken for different; undefined: the first one begins nowhere. */
function beginOf(local: readonly HistoryEntry[]): Fork | undefined {
  const before = local.at(-2);
  return before === undefined ? undefined : { timeline: before.timeline, lsn: before.lsn };
}

function verdictOf(control: ControlData, upstream: Upstream): Divergence {
  const end = localEndOf(control);
  // Numbers say nothing more of it.
  if (end?.position.timeline === upstream.timeline) return { kind: 'none' };
  if (end !== undefined) return judgeDivergence(end, upstream);
  return control.checkpointTimeline === upstream.timeline
    ? { kind: 'none' }
    : { kind: 'diverged', why: 'it ended without shutting down', forkLsn: undefined };
}

/** Two clusters may have used one number for different timelines: then their histories part although the numbers do not. */
function sameNumbers(verdict: Divergence, local: readonly HistoryEntry[], upstream: Upstream): Divergence {
  if (verdict.kind !== 'none') return verdict;
  const own = local.at(-1)?.timeline;
  const fork = forkOf(local, upstream);
  if (fork === undefined || fork.timeline === own) return verdict;
  const why = `timeline ${own} began elsewhere than the other's of that number`;
  return { kind: 'diverged', why, forkLsn: fork.lsn };
}

async function upstreamHistory(context: JobContext, from: FollowTarget): Promise<Upstream> {
  const { host, port } = from.upstream;
  const failures: string[] = [];
  for (const each of host.split(',')) {
    try {
      return await historyAt(context, { host: each, port });
    } catch (error) {
      failures.push(reasonOf(error));
    }
  }
  throw new JobFailure(failures.join('; '));
}

async function historyAt({ options, deadline }: JobContext, upstream: FollowTarget['upstream']): Promise<Upstream> {
  const place = replicationPlace(options, upstream);
  return withConnection(place, 'divergence', deadline, async (connection) => {
    const identity = (await connection.query('IDENTIFY_SYSTEM', deadline))[0];
    const timeline = Number(identity?.['timeline']);
    const systemId = String(identity?.['systemid']);
    if (timeline === 1) return { systemId, timeline, history: [] };
    const file = (await connection.query(`TIMELINE_HISTORY ${timeline}`, deadline))[0];
    const content = file?.['content'];
    const text = content instanceof Buffer ? content.toString('utf8') : String(content);
    return { systemId, timeline, history: historyFromText(text) };
  });
}

/** With the current timeline as its last row, which has not ended: its end is where the WAL ends. */
async function localHistory(dataDir: string, control: ControlData): Promise<readonly HistoryEntry[]> {
  const timeline = Math.max(control.checkpointTimeline, control.minRecoveryEndTimeline);
  const rows = historyFromText((await readHistory(dataDir, timeline)) ?? '');
  return [...rows, { timeline, lsn: endOf(control), reason: '' }];
}

function endOf({ checkpointEndLsn, checkpointLsn, minRecoveryEndLsn }: ControlData): Lsn {
  return maxLsn(checkpointEndLsn ?? checkpointLsn, minRecoveryEndLsn);
}

/** Where two histories part: the earlier end of the last timeline that they share. */
export function forkOf(local: readonly HistoryEntry[], { timeline, history }: LeaderLine): Fork | undefined {
  let fork: Fork | undefined;
  for (const [index, mine] of local.entries()) {
    // The upstream's own timeline has not ended.
    const theirs = index === history.length ? { timeline, lsn: mine.lsn } : history[index];
    if (theirs?.timeline !== mine.timeline) return fork;
    fork = { timeline: mine.timeline, lsn: mine.lsn < theirs.lsn ? mine.lsn : theirs.lsn };
    if (mine.lsn !== theirs.lsn) return fork;
  }
  return fork;
}

async function earlierRecord(
  { options }: JobContext,
  control: ControlData,
  fork: Fork | undefined,
  job: RecordDivergence,
): Promise<DivergenceRecord | undefined> {
  const end = lsnToText(endOf(control));
  const forkText = fork === undefined ? undefined : lsnToText(fork.lsn);
  return (await readRecords(options)).findLast(
    (record) =>
      record.systemId === control.systemId &&
      record.end === end &&
      record.fork?.lsn === forkText &&
      record.cause === job.cause &&
      record.setAside === null,
  );
}

interface Found {
  readonly control: ControlData;
  readonly upstream: Upstream;
  readonly verdict: Divergence;
  readonly local: readonly HistoryEntry[];
  readonly fork: Fork | undefined;
}

async function newRecord(context: JobContext, job: RecordDivergence, found: Found): Promise<DivergenceRecord> {
  const { options } = context;
  const { control, upstream, verdict, local, fork } = found;
  const isDiverged = verdict.kind !== 'none';
  const walDir = join(options.dataDir, 'pg_wal');
  const stretches = isDiverged ? stretchesAfter(local, fork) : [];
  const id = await newId(options);
  await ensureDirectory(options.stateDir, options.runAs);
  const copy = await keepWal(context, walDir, stretches, id);
  const told = await summaryOf(context, walDir, stretches, job.from);
  const record: DivergenceRecord = {
    id,
    member: options.memberName,
    systemId: control.systemId,
    at: options.clock.wallAt(),
    cause: job.cause,
    reason: job.reason,
    verdict: isDiverged ? 'diverged' : 'none',
    leader: { member: job.from.member, timeline: upstream.timeline },
    timeline: local.at(-1)?.timeline ?? control.checkpointTimeline,
    fork: fork === undefined ? null : { timeline: fork.timeline, lsn: lsnToText(fork.lsn) },
    end: lsnToText(endOf(control)),
    bytes: Number(stretches.reduce((sum, { begin, end }) => sum + (end - begin), 0n)),
    mayBeAcknowledged: isDiverged && job.mayBeAcknowledged,
    ...told,
    notes: [...told.notes, ...copy.notes],
    kept: copy.kept,
    setAside: null,
    state: copy.isTooLarge && job.hold ? 'held' : 'recorded',
  };
  await writeRecord(options, record);
  const where = fork === undefined ? 'no common point' : `${lsnToText(fork.lsn)} on timeline ${fork.timeline}`;
  if (isDiverged) options.note?.(`own WAL after ${where} is not the leader's: divergence ${id} tells what is in it`);
  return record;
}

/** What the local timelines have from the fork on. */
function stretchesAfter(local: readonly HistoryEntry[], fork: Fork | undefined): readonly WalStretch[] {
  const begins = local.map((_, index) => local[index - 1]?.lsn ?? LSN_ZERO);
  return local
    .map(({ timeline, lsn: end }, index) => ({
      timeline,
      begin: maxLsn(begins[index] ?? LSN_ZERO, fork?.lsn ?? end),
      end,
    }))
    .filter(({ timeline, begin, end }) => timeline >= (fork?.timeline ?? 0) && begin < end);
}

interface Copy {
  readonly kept: DivergenceRecord['kept'];
  readonly isTooLarge: boolean;
  readonly notes: readonly string[];
}

const NO_COPY: Copy = { kept: null, isTooLarge: false, notes: [] };

async function keepWal(
  { options }: JobContext,
  walDir: string,
  stretches: readonly WalStretch[],
  id: string,
): Promise<Copy> {
  const segmentBytes = stretches.length === 0 ? undefined : await segmentSize(walDir);
  if (segmentBytes === undefined) return NO_COPY;
  const wanted = [...new Set(stretches.flatMap((stretch) => segmentsOf(stretch, segmentBytes)))];
  const there: string[] = [];
  for (const name of wanted) if (await exists(join(walDir, name))) there.push(name);
  const sizes = await Promise.all(there.map(async (name) => (await stat(join(walDir, name))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const { bavail, bsize } = await statfs(options.stateDir);
  const most = Math.min(KEPT_BYTES_MAX, bavail * bsize * KEPT_SHARE_MAX);
  const missing = wanted.length - there.length;
  const notes = missing === 0 ? [] : [`${missing} of its ${wanted.length} segments are not in pg_wal any more`];
  if (there.length === 0) return { ...NO_COPY, notes };
  if (bytes > most) {
    const text = `its ${there.length} segments are not kept: ${bytes} bytes, and ${Math.floor(most)} may be used`;
    return { kept: null, isTooLarge: true, notes: [...notes, text] };
  }
  const directory = walDirOf(options, id);
  await copyWhole(options, walDir, [...there, ...(await historiesOf(walDir, stretches))], directory);
  return { kept: { directory, files: there, bytes }, isTooLarge: false, notes };
}

async function historiesOf(walDir: string, stretches: readonly WalStretch[]): Promise<readonly string[]> {
  const names = stretches.map(({ timeline }) => historyFileName(timeline));
  const found: string[] = [];
  for (const name of names) if (await exists(join(walDir, name))) found.push(name);
  return found;
}

/** Under another name until all of it is there. */
async function copyWhole(
  options: JobContext['options'],
  walDir: string,
  files: readonly string[],
  directory: string,
): Promise<void> {
  const partial = `${directory}.partial`;
  await ensureDirectory(archiveDir(options), options.runAs);
  await rm(partial, { recursive: true, force: true });
  await ensureDirectory(partial, options.runAs);
  for (const file of files) await copyFile(join(walDir, file), join(partial, file), constants.COPYFILE_FICLONE);
  await rename(partial, directory);
  await syncDirectory(archiveDir(options));
}

type Told = Pick<DivergenceRecord, 'transactions' | 'relations' | 'notes'>;

/** A description that cannot be had is no reason to leave a member down: the record says so. */
async function summaryOf(
  context: JobContext,
  walDir: string,
  stretches: readonly WalStretch[],
  from: FollowTarget,
): Promise<Told> {
  if (stretches.length === 0) return { transactions: null, relations: [], notes: [] };
  const { options, deadline } = context;
  const summary = new WalSummary();
  const place = {
    program: tool(context, 'pg_waldump'),
    walDir,
    runAs: options.runAs,
    deadline: atMost(deadline, SUMMARY_MS),
  };
  const notes: string[] = [];
  for (const stretch of stretches) {
    const note = await summarize(summary, stretch, place);
    if (note !== undefined) notes.push(note);
  }
  const all = summary.relations();
  if (all.length > RELATIONS_MAX) notes.push(`${all.length - RELATIONS_MAX} more relations are touched`);
  const leader = { ...from.upstream, database: options.database, login: rewindLogin(context) };
  return {
    transactions: summary.records === 0 ? null : { committed: summary.committed, aborted: summary.aborted },
    relations: await namesOf(all.slice(0, RELATIONS_MAX), leader, deadline),
    notes,
  };
}
