import type { FollowTarget, Job, JobOutcome, ServerSettings } from '../../core/model/job.ts';
import { lsn } from '../../core/model/lsn.ts';
import { type ClusterFiles, type DivergenceNote, newFiles } from './disk.ts';
import { isStalled } from './disk-fault.ts';
import { failed, type JobRun } from './job-run.ts';
import { Server } from './server.ts';
import { copyOf } from './slots.ts';
import { contains, forksOf, normalized, type WalEnd, walEndToText } from './wal.ts';
import type { PgHost, PgWorld } from './world.ts';

/** What a hook that hangs is given. */
const HOOK_MS = 30_000;
const FIRST_LSN = 0x1500000;
const DONE: JobOutcome = { kind: 'done', facts: {} };

/** Where the jobs of one member act. */
export interface JobPlace {
  readonly host: PgHost;
  readonly world: PgWorld;
  /** Called when a server was started. */
  started(server: Server): void;
  /** The claim for a system identifier nobody has. */
  newSystemId(): string;
}

type JobOf<K extends Job['kind']> = Extract<Job, { kind: K }>;

export async function runJob(job: Job, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { world } = place;
  if (job.kind !== 'stop' && world.chance.happens(world.habits.jobFailureRate)) {
    await run.pass(world.chance.between(10, 500));
    return failed(`${job.kind} failed by chance`);
  }
  // What hangs in a disk ends when the disk answers; one that is read-only refuses at once.
  if (!(await run.until(() => !isStalled(place.host.disk)))) return run.end();
  if (place.host.disk.fault?.kind === 'readOnly' && job.kind !== 'stop')
    return failed(`${job.kind}: Read-only file system`);
  return perform(job.kind, job, run, place);
}

async function bootstrap({ settings }: JobOf<'bootstrap'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  if (host.disk.files !== undefined || host.disk.unfinished !== undefined) return failed('data directory is not empty');
  host.disk.unfinished = 'bootstrap';
  if (!(await run.pass(world.chance.between(800, 2500)))) return run.end();
  host.disk.files = newFiles(place.newSystemId(), world.forest.root(1, FIRST_LSN), settings);
  host.disk.unfinished = undefined;
  world.witness.replaced(host);
  return DONE;
}

/** The server behind an upstream, if it can be reached both ways and accepts connections. */
function reach(target: FollowTarget, place: JobPlace): Server | undefined {
  const { world, host } = place;
  const other = world.hosts.get(target.upstream.host);
  if (other?.server === undefined || !other.server.process.canRun() || other.server.phase !== 'up') return undefined;
  const isOpen = world.network.isOpen(host.name, other.name) && world.network.isOpen(other.name, host.name);
  return isOpen ? other.server : undefined;
}

async function clone(job: JobOf<'clone'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  if (host.disk.files !== undefined || host.disk.unfinished !== undefined) return failed('data directory is not empty');
  if (job.from === undefined) return failed('there are no backups');
  const source = reach(job.from, place);
  if (source === undefined) return failed('could not connect to the source');
  begin(host, world, 'clone');
  source.forceCheckpoint();
  const steps = 4;
  const lengthMs = world.chance.between(world.habits.cloneMsMax / 4, world.habits.cloneMsMax);
  for (let step = 1; step <= steps; step += 1) {
    if (!(await run.pass(lengthMs / steps))) return run.end();
    if (reach(job.from, place) !== source) return failed('connection to the source lost');
    run.control.progress({ text: 'copying', percent: (100 * step) / steps });
  }
  const files = newFiles(source.files.systemId, source.log(), job.settings);
  files.standbySignal = true;
  files.control = 'in production';
  files.backupLabel = true;
  files.walFrom = source.log().lsn;
  host.disk.files = files;
  finish(host);
  world.witness.replaced(host);
  return DONE;
}

interface StartRequest {
  readonly settings: ServerSettings;
  readonly follow: FollowTarget | undefined;
  readonly isStandby: boolean;
  readonly keepUpstream?: true;
}

async function start(request: StartRequest, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  const { files, unfinished } = host.disk;
  if (files === undefined || unfinished !== undefined) return failed('no usable data directory');
  if (host.server !== undefined) return failed('lock file "postmaster.pid" already exists');
  host.orphans?.kill();
  if (host.orphans !== undefined) return failed('processes of a former PostgreSQL do not end');
  if (host.disk.isTorn) world.witness.startedTorn(host);
  files.settings = request.settings;
  files.backupLabel = false;
  files.standbySignal = request.isStandby;
  if (request.keepUpstream !== true) files.follow = request.follow;
  const server = new Server(host, world, files);
  host.server = server;
  place.started(server);
  if (!(await run.until(() => server.phase !== 'starting' || !server.process.alive))) return run.end();
  return server.process.alive ? DONE : failed('the server ended while it started');
}

async function follow(job: JobOf<'follow'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { files } = place.host.disk;
  const { server } = place.host;
  if (files === undefined || server?.role !== 'standby') return failed('no running standby');
  files.follow = job.follow;
  files.settings = job.settings;
  server.reload(job.settings);
  if (!(await run.pass(place.world.chance.between(5, 40)))) return run.end();
  server.process.run(() => server.turnTo(job.follow));
  return DONE;
}

async function cutOff(job: JobOf<'cutOff'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { files } = place.host.disk;
  const { server } = place.host;
  if (files === undefined || server?.role !== 'standby') return failed('no running standby');
  files.follow = undefined;
  files.settings = job.settings;
  server.reload(job.settings);
  if (!(await run.pass(place.world.chance.between(5, 40)))) return run.end();
  server.process.run(() => server.turnTo(undefined));
  if (!(await run.until(() => server.receiver === undefined))) return run.end();
  return DONE;
}

async function promote(job: JobOf<'promote'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  const { server } = host;
  if (server?.role !== 'standby' || server.phase !== 'up') return failed('no running standby');
  server.files.settings = job.settings;
  server.reload(job.settings);
  if (!(await run.pass(world.chance.between(5, world.habits.promoteMsMax)))) return run.end();
  // Whom commits wait for must be in force before anybody can commit, and the checkpointer has a say in that (F3, F14).
  const isRead = (): boolean => job.settings.syncNames === undefined || server.sync.isIdleSinceReload();
  if (!(await run.until(() => isRead() || !server.process.alive))) return run.end();
  if (!server.process.alive) return failed('the server ended before it was promoted');
  if (!(await run.control.mayPromote())) return failed('leadership could not be confirmed');
  const history = forksOf(server.log()).map((fork) => fork.timeline);
  const used = Math.max(normalized(server.log()).branch.timeline, ...history);
  if (used > job.aboveTimeline) return failed(`timeline ${used} has begun here`);
  // From here on the signal is out: nothing calls it back.
  const timeline = job.aboveTimeline + 1;
  server.process.after(world.chance.between(20, 180), () => {
    if (server.phase === 'up' && server.role === 'standby') server.promote(timeline, job.reign);
  });
  if (!(await run.until(() => server.role === 'primary' || !server.process.alive))) return run.end();
  return server.process.alive
    ? { kind: 'done', facts: { timeline } }
    : failed('the server ended while it was promoted');
}

/** The user's program: quick, slow, or hanging until it is ended. */
async function hook(run: JobRun, { world }: JobPlace): Promise<boolean> {
  const { chance, habits } = world;
  if (!chance.happens(habits.hookRate)) return true;
  const hangs = chance.happens(habits.hookFailureRate / 2);
  await run.pass(hangs ? HOOK_MS : chance.between(5, 2_000));
  return !hangs && !chance.happens(habits.hookFailureRate);
}

async function prePromote(_job: JobOf<'prePromote'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  return (await hook(run, place)) ? DONE : failed('pre_promote failed');
}

async function restart(job: JobOf<'restart'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const stopped = await stop({ kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'to be restarted' }, run, place);
  if (stopped.kind === 'failed') return stopped;
  if (run.isOver() !== undefined) return run.end();
  const isStandby = job.role === 'standby';
  const limited = run.within(job.startWithinMs);
  return start({ settings: job.settings, follow: isStandby ? job.follow : undefined, isStandby }, limited, place);
}

async function stop(job: JobOf<'stop'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  const { server } = host;
  if (server === undefined) return DONE;
  await hook(run, place);
  if (run.isOver() !== undefined) return run.end();
  if (job.mode === 'immediate') {
    if (!(await run.pass(world.chance.between(5, 60)))) return run.end();
    server.kill();
    return DONE;
  }
  if (job.checkpointFirst && server.phase === 'up' && !(await run.pass(server.forceCheckpoint()))) return run.end();
  let shutdown: WalEnd | undefined;
  server.process.run(() => server.stopFast((at) => (shutdown = at)));
  if (!(await run.until(() => host.server !== server))) return run.end();
  if (job.asStandby === true && host.disk.files !== undefined) host.disk.files.standbySignal = true;
  if (shutdown === undefined) return DONE;
  return { kind: 'done', facts: { shutdownLsn: lsn(shutdown.lsn), timeline: shutdown.branch.timeline } };
}

async function recoverCrash(_job: JobOf<'recoverCrash'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  const { files, unfinished } = host.disk;
  if (files === undefined || unfinished !== undefined || host.server !== undefined) return failed('no stopped cluster');
  if (files.backupLabel) return failed('backup_label is there: a copy that was never started');
  if (!(await run.pass(world.chance.between(100, world.habits.recoveryMsMax)))) return run.end();
  if (host.server !== undefined) return failed('a server was started meanwhile');
  shutDownAlone(files, world);
  return DONE;
}

/** Single-user recovery ends with records of its own on the timeline that was. */
function shutDownAlone(files: ClusterFiles, world: PgWorld): void {
  files.checkpoint = files.log;
  files.log = world.forest.append(files.log, 224);
  files.control = 'shut down';
}

async function rewind(job: JobOf<'rewind'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  const { files, unfinished } = host.disk;
  if (files === undefined || unfinished !== undefined || host.server !== undefined) return failed('no stopped cluster');
  const source = reach(job.from, place);
  const objection = objectionToRewind(source, files);
  if (source === undefined || objection !== undefined) return failed(objection ?? 'no source');
  if (!isClean(files)) return failed('target server must be shut down cleanly');
  if (!(await run.pass(world.chance.between(50, 400)))) return run.end();
  if (!needsRewind(source.log(), files.log)) return DONE;
  world.trace.note(host.name, () => `rewinds; throws away what it has at ${walEndToText(files.log)}`);
  world.witness.givesUp(host, files.log);
  begin(host, world, 'rewind');
  world.witness.replaced(host);
  if (!(await run.pass(world.chance.between(300, world.habits.cloneMsMax)))) return run.end();
  if (reach(job.from, place) !== source) return failed('connection to the source lost');
  becomeLike(source.log(), files, job);
  finish(host);
  world.witness.replaced(host);
  return DONE;
}

function objectionToRewind(source: Server | undefined, files: ClusterFiles): string | undefined {
  if (source === undefined) return 'could not connect to the source';
  if (source.role !== 'primary') return 'source server must not be in recovery mode';
  return source.files.systemId === files.systemId ? undefined : 'source and target clusters are from different systems';
}

function isClean({ control }: ClusterFiles): boolean {
  return control === 'shut down' || control === 'shut down in recovery';
}

/** pg_rewind goes by the numbers of timelines: one number twice looks to it like one timeline. */
function needsRewind(source: WalEnd, target: WalEnd): boolean {
  const isOneNumber = normalized(source).branch.timeline === normalized(target).branch.timeline;
  return !isOneNumber && !contains(source, target);
}

function becomeLike(log: WalEnd, files: ClusterFiles, job: JobOf<'rewind'>): void {
  files.log = log;
  files.checkpoint = log;
  files.minRecoveryEnd = log;
  files.settings = job.settings;
  files.follow = undefined;
  files.standbySignal = true;
  files.control = 'in archive recovery';
  files.slots.clear();
}

async function checkpoint(_job: JobOf<'checkpoint'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { server } = place.host;
  if (server?.phase !== 'up') return failed('the server does not accept connections');
  if (!(await run.pass(server.forceCheckpoint()))) return run.end();
  return DONE;
}

/** How long people take to look at what is held. */
const LOOK_AT_HELD_MS = 20_000;

async function recordDivergence(
  job: JobOf<'recordDivergence'>,
  run: JobRun,
  { host, world, ...place }: JobPlace,
): Promise<JobOutcome> {
  const { files, unfinished } = host.disk;
  if (files === undefined || unfinished !== undefined || host.server !== undefined) return failed('no stopped cluster');
  const source = reach(job.from, { host, world, ...place });
  if (source === undefined) return failed('could not connect to the leader');
  if (!(await run.pass(world.chance.between(20, 300)))) return run.end();
  const { id, verdict, isHeld } = noteOf(files.log, source.log(), job, { host, world, ...place });
  return { kind: 'done', facts: { recorded: { id, verdict, isHeld } } };
}

/** The same again where that end was recorded before. */
function noteOf(at: WalEnd, leader: WalEnd, job: JobOf<'recordDivergence'>, { host, world }: JobPlace): DivergenceNote {
  const { records, isTight } = host.disk;
  const before = records.find((each) => each.end.branch === at.branch && each.end.lsn === at.lsn);
  if (before !== undefined) return before;
  // Whoever was a primary under the leader's number has its end looked for in the leader's WAL.
  const isUnknown = host.disk.files?.control === 'shut down' && !contains(leader, at);
  const verdict = needsRewind(leader, at) || isUnknown ? 'diverged' : 'none';
  const isHeld = verdict === 'diverged' && isTight && job.hold;
  const note: DivergenceNote = { id: `${records.length + 1}`, end: at, verdict, isHeld };
  records.push(note);
  if (isHeld) world.agenda.after(world.chance.between(0, LOOK_AT_HELD_MS), () => (note.isHeld = false));
  return note;
}

/** From here until its end the directory is neither the old data nor the new. */
function begin({ disk }: PgHost, { habits }: PgWorld, work: 'clone' | 'rewind'): void {
  disk.isTorn = disk.files !== undefined;
  if (habits.marksWork) disk.unfinished = work;
}

function finish({ disk }: PgHost): void {
  disk.isTorn = false;
  disk.unfinished = undefined;
}

async function copySlots(job: JobOf<'copySlots'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const source = reach(job.from, place);
  if (source?.role !== 'primary') return failed('the source does not lead');
  const copies = job.slots.map((slot) => ({ name: slot.name, copy: copyOf(source, slot) }));
  for (const { copy } of copies) if (typeof copy === 'string') return failed(copy);
  const stopped = await stop({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'slots' }, run, place);
  if (stopped.kind === 'failed') return stopped;
  const { files } = place.host.disk;
  for (const { name, copy } of copies) if (typeof copy !== 'string') files?.slots.set(name, copy);
  return start({ settings: job.settings, follow: job.follow, isStandby: true }, run, place);
}

async function setAside(_job: JobOf<'setAside'>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  const { host, world } = place;
  if (host.server !== undefined) return failed('the server runs');
  if (!(await run.pass(world.chance.between(5, 50)))) return run.end();
  const { files, isTorn } = host.disk;
  if (files !== undefined) world.trace.note(host.name, () => `moves its data aside at ${walEndToText(files.log)}`);
  if (files !== undefined && !isTorn) world.witness.givesUp(host, files.log);
  host.disk.files = undefined;
  finish(host);
  world.witness.replaced(host);
  return DONE;
}

type Perform<K extends Job['kind']> = (job: JobOf<K>, run: JobRun, place: JobPlace) => Promise<JobOutcome>;

const PERFORM: { readonly [K in Job['kind']]: Perform<K> } = {
  bootstrap,
  clone,
  startPrimary: ({ settings }, run, place) => start({ settings, follow: undefined, isStandby: false }, run, place),
  startStandby: (job, run, place) => start({ ...job, isStandby: true }, run, place),
  follow,
  cutOff,
  promote,
  stop,
  recoverCrash,
  recordDivergence,
  rewind,
  checkpoint,
  copySlots,
  setAside,
  prePromote,
  restart,
};

/** The kind stands beside the job, so that the compiler ties the two together. */
function perform<K extends Job['kind']>(kind: K, job: JobOf<K>, run: JobRun, place: JobPlace): Promise<JobOutcome> {
  return PERFORM[kind](job, run, place);
}
