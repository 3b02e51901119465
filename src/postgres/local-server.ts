import type { HistoryEntry } from '../core/model/cluster.ts';
import type { DivergenceRecord } from '../core/model/divergence-record.ts';
import { type LocalHealth, NO_SERVER_HEALTH } from '../core/model/health.ts';
import type { Job, JobOutcome, ServerSettings } from '../core/model/job.ts';
import type { LogicalSlotWork } from '../core/model/logical-slot.ts';
import type { ServerTrouble } from '../core/model/healing.ts';
import type { LocalPostgres, PostmasterId, SqlStatus } from '../core/model/local-postgres.ts';
import { type Lsn, lsnFromText } from '../core/model/lsn.ts';
import { type Seen, seen, unknown } from '../core/model/seen.ts';
import type { JobControl, Postgres } from '../ports/postgres.ts';
import { type BinariesFound, findBinaries } from './binaries.ts';
import { CatchUpWatch } from './catch-up-watch.ts';
import { ConfigurationFiles } from './configuration-files.ts';
import { DataDirectoryReader } from './data-directory.ts';
import { atMost, type Deadline, deadlineIn, isOver } from './deadline.ts';
import { Disks } from './disk/disks.ts';
import type { DirectoryFacts } from './disk/protocol.ts';
import { discardRecord, readRecords } from './divergence-archive.ts';
import { historyFromText, historyTimelines, PLACEHOLDER, readHistory } from './history-file.ts';
import { JobFailure, outcomeOf, reasonOf } from './job-failure.ts';
import { reload } from './jobs/reload.ts';
import { runJob } from './jobs/run-job.ts';
import { isLoginRefusal, loginRefusal } from './login-refusal.ts';
import { killServer, serverProcesses } from './kill-server.ts';
import { endLeftOvers } from './left-overs.ts';
import type { PostgresOptions } from './options.ts';
import { Postmaster } from './postmaster.ts';
import { ReceiverWatch } from './receiver-process.ts';
import { TroubleReader } from './server-trouble.ts';
import { isStarting } from './server-phase.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { isSameProcess } from './process-table.ts';
import { putStandbySignal } from './signal-files.ts';
import { endArchiving } from './last-archiving.ts';
import { LogicalSlotTender } from './logical-slot-tender.ts';
import { advancePhysicalSlots, createPhysicalSlot, dropSlot } from './slots.ts';
import { isPauseNoted, notePause } from './pause-note.ts';
import { localPlace } from './sql-places.ts';
import { withConnection } from './sql-connection.ts';
import { StatusReader } from './status-reader.ts';
import { ServerProbe } from './health/server-probe.ts';
import { exists } from './write-file.ts';

/** While the server runs and answers, pg_control is only of interest now and then. */
const CONTROL_FRESH_MS = 5_000;
const LOOK_MS = 1_000;
/** Within what the REST listener waits. */
const RECORDS_MS = 5_000;
const DISCARD_MS = 600_000;
const SIGNAL_MS = 500;
const LATE = 'the file system does not answer';
const DONE: JobOutcome = { kind: 'done', facts: {} };

/** The PostgreSQL beside this agent. */
export class LocalServer implements Postgres {
  readonly #options: PostgresOptions;
  readonly #postmaster: Postmaster;
  readonly #receivers: ReceiverWatch;
  readonly #catchUp: CatchUpWatch;
  readonly #reader: StatusReader;
  readonly #directory: DataDirectoryReader;
  readonly #configuration: ConfigurationFiles;
  readonly #logicalSlots: LogicalSlotTender;
  readonly #listeners: ((what: string) => void)[] = [];
  readonly #disks: Disks;
  readonly #probe: ServerProbe | undefined;
  /** What is asked of the disks, or through them, in passing; each kind may hang by itself. */
  readonly #looks = new OneAtATime();
  readonly #reads = new OneAtATime();
  readonly #asks = new OneAtATime();
  readonly #writes = new OneAtATime();
  readonly #records = new OneAtATime();
  readonly #discards = new OneAtATime();
  /** As last read. */
  #lastData: LocalPostgres['data'] | undefined;
  #pidFile: string | undefined;
  #binaries: BinariesFound | undefined;
  #running: AbortController | undefined;
  #lastError: string | undefined;
  #loginRefused: string | undefined;
  #hasTidied = false;
  readonly #trouble: TroubleReader;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#postmaster = new Postmaster(options, () => this.#tell('the postmaster ended'));
    this.#receivers = new ReceiverWatch(options.clock, () => this.#tell('the WAL receiver ended'));
    const onLost = (): void => this.#tell('the connection to the server was lost');
    this.#reader = new StatusReader(options.dataDir, localPlace(options), this.#receivers, onLost);
    this.#catchUp = new CatchUpWatch(options.clock, this.#reader, () => this.#tell('a standby caught up'));
    this.#directory = new DataDirectoryReader(options);
    this.#configuration = new ConfigurationFiles(options);
    this.#trouble = new TroubleReader(options);
    this.#logicalSlots = new LogicalSlotTender(options, () => this.#tell('logical slots were tended'));
    const isWatched = options.diskProgram !== undefined;
    const postmasterNow = (): PostmasterId | undefined => this.#postmaster.find();
    this.#probe = isWatched ? new ServerProbe(options.clock, localPlace(options), postmasterNow) : undefined;
    const state = () => ({
      runs: postmasterNow() !== undefined,
      data: this.#lastData?.kind,
      logs: this.#probe?.logDirectory,
    });
    this.#disks = new Disks(options, state, (what) => this.#tell(what));
  }

  async observe(budgetMs: number): Promise<LocalPostgres> {
    const deadline = deadlineIn(this.#options.clock, budgetMs);
    await this.#endLeftOvers(deadline);
    const before = this.#postmaster.find();
    const [data, first] = await Promise.all([this.#data(before, deadline), this.#sql(before, deadline)]);
    // One that nobody knew of yet is found by its pid file, which has just been read; what one said that is gone holds no more.
    const postmaster = this.#postmaster.find();
    const sql = isSameProcess(before, postmaster) ? first : await this.#sql(postmaster, deadline);
    if (postmaster !== undefined && sql.kind === 'seen') this.#catchUp.consider(postmaster, sql.value);
    const starting = postmaster !== undefined && sql.kind === 'unknown' && isStarting(this.#pidFile);
    const brokenSlots = this.#logicalSlots.broken(postmaster);
    const trouble = await this.#troubleIn(sql);
    return {
      data,
      postmaster,
      starting,
      sql,
      lastError: this.#lastError,
      loginRefused: this.#loginRefused,
      trouble,
      health: this.#health(postmaster),
      brokenSlots,
      pauseNoted: isPauseNoted(this.#options),
    };
  }

  onChange(listener: (what: string) => void): void {
    this.#listeners.push(listener);
  }

  async run(job: Job, control: JobControl, deadlineMs: number): Promise<JobOutcome> {
    const abort = new AbortController();
    this.#running = abort;
    const { clock } = this.#options;
    const deadline: Deadline = { clock, atMs: deadlineMs, signal: abort.signal };
    // What it changes must not be told from memory, and nothing of a kill may come after it.
    this.#lastData = undefined;
    await this.#writes.run(() => Promise.resolve(), deadline);
    await this.#look(atMost(deadline, LOOK_MS)).catch(() => undefined);
    control.onCancel(() => abort.abort());
    const outcome = await outcomeOf(async () => {
      const binaries = await this.#foundBinaries(deadline);
      if (binaries.kind === 'missing') throw new JobFailure(binaries.why);
      const context = {
        options: this.#options,
        binaries: binaries.binaries,
        postmaster: this.#postmaster,
        reader: this.#reader,
        configuration: this.#configuration,
        directory: this.#directory,
        deadline,
        progress: (text: string, percent?: number) =>
          control.progress(percent === undefined ? { text } : { text, percent }),
        mayPromote: () => control.mayPromote(),
      };
      await endArchiving(context, job);
      return { kind: 'done', facts: await runJob(context, job) };
    });
    const isStart = ['startPrimary', 'startStandby', 'restart'].includes(job.kind);
    if (isStart) this.#lastError = outcome.kind === 'failed' ? outcome.why : undefined;
    return outcome;
  }

  applySettings(settings: ServerSettings, budgetMs: number): Promise<JobOutcome> {
    return this.#briefly(budgetMs, async (deadline) => {
      const written = this.#configuration.write({ settings, role: { kind: 'keep' } });
      if ((await this.#writes.run(() => written, deadline)) === undefined) throw new JobFailure(LATE);
      // A reload that comes late would put in force what is not decided any more.
      if (isOver(deadline)) throw new JobFailure(LATE);
      const postmaster = this.#postmaster.find();
      if (postmaster !== undefined) reload(postmaster);
    });
  }

  createSlot(name: string, budgetMs: number): Promise<JobOutcome> {
    return this.#briefly(budgetMs, (deadline) => createPhysicalSlot(localPlace(this.#options), name, deadline));
  }

  dropSlot(name: string, budgetMs: number): Promise<JobOutcome> {
    return this.#briefly(budgetMs, (deadline) => dropSlot(localPlace(this.#options), name, deadline));
  }

  advanceSlots(to: Readonly<Record<string, Lsn>>, budgetMs: number): Promise<JobOutcome> {
    return this.#briefly(budgetMs, (deadline) => advancePhysicalSlots(localPlace(this.#options), to, deadline));
  }

  tendLogicalSlots(work: readonly LogicalSlotWork[]): void {
    this.#logicalSlots.tend(work);
  }

  resumeReplay(budgetMs: number): Promise<JobOutcome> {
    return this.#briefly(budgetMs, (deadline) =>
      withConnection(localPlace(this.#options), 'replay', deadline, async (connection) => {
        await connection.query('SELECT pg_wal_replay_resume()', deadline);
      }),
    );
  }

  notePause(paused: boolean, budgetMs: number): Promise<JobOutcome> {
    return this.#briefly(budgetMs, () => notePause(this.#options, paused));
  }

  kill(budgetMs: number): Promise<JobOutcome> {
    // What is killed must not be started by a job that was about to.
    this.#running?.abort();
    return this.#briefly(budgetMs, async (deadline) => {
      const { dataDir } = this.#options;
      if (!(await killServer(dataDir, this.#postmaster.find(), deadline))) {
        throw new JobFailure(
          `processes of PostgreSQL in ${dataDir} do not end, not even by SIGKILL; is its disk stuck?`,
        );
      }
      const left = await this.#writes.run(() => this.#leaveSignal(), deadlineIn(this.#options.clock, SIGNAL_MS));
      if (left === undefined) this.#options.note?.(`no standby.signal in ${dataDir} yet: ${LATE}`);
    });
  }

  async flushLsn(budgetMs: number): Promise<Lsn | undefined> {
    const deadline = deadlineIn(this.#options.clock, budgetMs);
    const postmaster = this.#postmaster.find();
    if (postmaster === undefined) return undefined;
    try {
      const connection = await this.#reader.connected(postmaster, deadline);
      const text = 'SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn()::text END AS lsn';
      return lsnFromText((await connection.value(text, 'lsn', deadline)) ?? '');
    } catch {
      return undefined;
    }
  }

  async timelineHistory(budgetMs = LOOK_MS): Promise<readonly HistoryEntry[]> {
    const rows = await this.#reads.run(() => this.#history(), deadlineIn(this.#options.clock, budgetMs));
    return rows?.value ?? [];
  }

  async #history(): Promise<readonly HistoryEntry[]> {
    const { dataDir } = this.#options;
    try {
      for (const timeline of (await historyTimelines(dataDir)).toReversed()) {
        const text = await readHistory(dataDir, timeline);
        if (text !== undefined && text !== PLACEHOLDER) return historyFromText(text);
      }
    } catch {
      // No directory, no history.
    }
    return [];
  }

  /** Rejects where they cannot be read in time: anybody may ask, and must not take the threads that everything else needs. */
  async divergences(budgetMs = RECORDS_MS): Promise<readonly DivergenceRecord[]> {
    const deadline = deadlineIn(this.#options.clock, budgetMs);
    const read = await this.#records.run(() => readRecords(this.#options), deadline);
    if (read === undefined) throw new Error(`${this.#options.stateDir} did not answer in time`);
    return read.value;
  }

  /** A directory moved aside takes its time to be deleted. Rejects where that is not known to be done. */
  async discardDivergence(id: string): Promise<DivergenceRecord | undefined> {
    const deadline = deadlineIn(this.#options.clock, DISCARD_MS);
    const discarded = await this.#discards.run(() => discardRecord(this.#options, id), deadline);
    if (discarded === undefined) throw new Error(`it is not done after ${DISCARD_MS / 60_000} minutes; it goes on`);
    return discarded.value;
  }

  /** Lets go of the server, which runs on. */
  close(): void {
    this.#listeners.length = 0;
    this.#postmaster.close();
    this.#receivers.close();
    this.#catchUp.close();
    this.#logicalSlots.close();
    this.#reader.close();
    this.#probe?.close();
    this.#disks.close();
  }

  /** A primary, and a standby that streams, are not troubled by what they once said. */
  async #troubleIn(sql: Seen<SqlStatus>): Promise<ServerTrouble | undefined> {
    const isWell = sql.kind === 'seen' && (sql.value.kind === 'primary' || sql.value.receiver?.status === 'streaming');
    if (!isWell) return this.#trouble.look();
    await this.#trouble.forget();
    return undefined;
  }

  /** Once, before anything is looked at: what an agent that is no more had begun would go on beside us. */
  async #endLeftOvers(deadline: Deadline): Promise<void> {
    if (this.#hasTidied) return;
    this.#hasTidied = true;
    const { dataDir, note } = this.#options;
    for (const what of await endLeftOvers(dataDir, deadline))
      note?.(`ended ${what}, which an earlier agent had started on ${dataDir}`);
  }

  #health(postmaster: PostmasterId | undefined): LocalHealth {
    const isGone = postmaster === undefined && this.#postmaster.left() === undefined;
    return {
      server: this.#probe?.health() ?? NO_SERVER_HEALTH,
      storage: this.#disks.health(),
      leftovers: isGone ? serverProcesses(this.#options.dataDir, undefined).length : 0,
    };
  }

  async #leaveSignal(): Promise<void> {
    if (await exists(`${this.#options.dataDir}/global/pg_control`)) await putStandbySignal(this.#options);
  }

  async #look(deadline: Deadline): Promise<DirectoryFacts | undefined> {
    const looked = await this.#looks.run(() => this.#disks.look(), deadline);
    if (looked?.value === undefined) return undefined;
    this.#pidFile = looked.value.pidFile;
    this.#postmaster.notePidFile(this.#pidFile);
    return looked.value;
  }

  /** What was last read, where the disk does not answer: it does not change meanwhile. */
  async #data(postmaster: PostmasterId | undefined, deadline: Deadline): Promise<LocalPostgres['data']> {
    const binaries = await this.#foundBinaries(deadline);
    if (binaries.kind === 'missing') {
      // A server whose programs are being replaced runs all the same.
      await this.#look(deadline).catch(() => undefined);
      return { kind: 'unreadable', why: binaries.why };
    }
    const freshWithinMs = postmaster === undefined ? 0 : CONTROL_FRESH_MS;
    try {
      const facts = await this.#look(deadline);
      const { dir } = binaries.binaries;
      const read = async () => facts && (await this.#directory.read(facts, dir, freshWithinMs, deadline));
      const found = (await this.#reads.run(read, deadline))?.value;
      if (found !== undefined) this.#lastData = found;
      return this.#lastData ?? { kind: 'unreadable', why: LATE };
    } catch (error) {
      return { kind: 'unreadable', why: reasonOf(error) };
    }
  }

  async #sql(postmaster: PostmasterId | undefined, deadline: Deadline): Promise<Seen<SqlStatus>> {
    this.#loginRefused = undefined;
    if (postmaster === undefined) return unknown('PostgreSQL does not run');
    try {
      // Who is behind is told apart by files of pg_wal.
      const answer = await this.#asks.run(() => this.#reader.read(postmaster, deadline), deadline);
      return answer === undefined ? unknown(LATE) : seen(answer.value, this.#options.clock.bootMs());
    } catch (error) {
      if (isLoginRefusal(error)) this.#loginRefused = loginRefusal(this.#options, reasonOf(error));
      return unknown(reasonOf(error));
    }
  }

  async #foundBinaries(deadline: Deadline): Promise<BinariesFound> {
    if (this.#binaries?.kind !== 'found') this.#binaries = await findBinaries(this.#options.binDir, deadline);
    return this.#binaries;
  }

  #briefly(budgetMs: number, work: (deadline: Deadline) => Promise<void>): Promise<JobOutcome> {
    return outcomeOf(async () => {
      await work(deadlineIn(this.#options.clock, budgetMs));
      return DONE;
    });
  }

  #tell(what: string): void {
    for (const listener of this.#listeners) listener(what);
  }
}
