import type { HistoryEntry } from '../../core/model/cluster.ts';
import type { DivergenceRecord } from '../../core/model/divergence-record.ts';
import type { Job, JobOutcome, ServerSettings } from '../../core/model/job.ts';
import type { LogicalSlotWork } from '../../core/model/logical-slot.ts';
import type { LocalPostgres } from '../../core/model/local-postgres.ts';
import { type Lsn, lsn } from '../../core/model/lsn.ts';
import { unknown } from '../../core/model/seen.ts';
import type { JobControl, Postgres } from '../../ports/postgres.ts';
import type { Process } from '../time/process.ts';
import { isStalled, writeRefusal } from './disk-fault.ts';
import { failed, JobRun } from './job-run.ts';
import { type JobPlace, runJob } from './jobs.ts';
import { lookAt } from './look.ts';
import type { Server } from './server.ts';
import { advance, isInUse, physicalSlot, tend } from './slots.ts';
import { forksOf } from './wal.ts';
import type { PgHost, PgWorld } from './world.ts';

const DONE: JobOutcome = { kind: 'done', facts: {} };

/** The PostgreSQL port of one agent, over the simulated server on its machine. */
export class SimPostgres implements Postgres {
  private readonly host: PgHost;
  private readonly world: PgWorld;
  private readonly process: Process;
  private readonly place: JobPlace;
  private readonly listeners: ((what: string) => void)[] = [];

  constructor(host: PgHost, world: PgWorld, process: Process, newSystemId: () => string) {
    this.host = host;
    this.world = world;
    this.process = process;
    this.place = { host, world, newSystemId, started: (server) => this.listen(server) };
    if (host.server !== undefined) this.listen(host.server);
  }

  /** What hangs is waited for until the budget is gone; the rest is told all the same. */
  observe(budgetMs: number): Promise<LocalPostgres> {
    const { host } = this;
    const usualMs = this.world.chance.between(0.5, 6);
    if (this.isAnswering()) return this.later(usualMs, () => (this.isAnswering() ? lookAt(host) : hung(host)));
    return this.later(budgetMs / host.machine.clockRate, () => hung(host));
  }

  onChange(listener: (what: string) => void): void {
    this.listeners.push(listener);
  }

  async run(job: Job, control: JobControl, deadlineMs: number): Promise<JobOutcome> {
    this.world.trace.note(this.host.name, () => `job ${job.kind} begins`);
    const outcome = await runJob(job, new JobRun(this.process, control, deadlineMs), this.place);
    this.world.trace.note(
      this.host.name,
      () => `job ${job.kind} ends: ${outcome.kind === 'done' ? 'done' : outcome.why}`,
    );
    return outcome;
  }

  applySettings(settings: ServerSettings, budgetMs: number): Promise<JobOutcome> {
    return this.ask(budgetMs, () => {
      const { files } = this.host.disk;
      if (files === undefined) return failed('no cluster');
      if (isStalled(this.host.disk) || writeRefusal(this.host.disk) !== undefined)
        return failed('the configuration cannot be written');
      files.settings = settings;
      this.host.server?.process.run(() => this.host.server?.reload(settings));
      this.world.trace.note(this.host.name, () => `synchronous_standby_names := '${settings.syncNames ?? ''}'`);
      return DONE;
    });
  }

  createSlot(name: string, budgetMs: number): Promise<JobOutcome> {
    return this.ask(budgetMs, () => {
      const { files } = this.host.disk;
      if (files === undefined || this.host.server === undefined) return failed('no server');
      if (!files.slots.has(name)) files.slots.set(name, physicalSlot(this.host.server.replayed().lsn));
      return DONE;
    });
  }

  dropSlot(name: string, budgetMs: number): Promise<JobOutcome> {
    return this.ask(budgetMs, () => {
      const { files } = this.host.disk;
      if (isInUse(this.host.server, name)) return failed('replication slot is active');
      files?.slots.delete(name);
      return DONE;
    });
  }

  advanceSlots(to: Readonly<Record<string, Lsn>>, budgetMs: number): Promise<JobOutcome> {
    return this.ask(budgetMs, () => {
      const { server } = this.host;
      if (server === undefined) return failed('no server');
      const whys = Object.entries(to).map(([name, position]) => advance(server, name, Number(position)));
      const why = whys.find((one) => one !== undefined);
      return why === undefined ? DONE : failed(why);
    });
  }

  tendLogicalSlots(work: readonly LogicalSlotWork[]): void {
    const { server } = this.host;
    server?.process.after(this.world.chance.between(1, 2000), () => {
      if (server.phase === 'up') tend(server, work);
    });
  }

  resumeReplay(budgetMs: number): Promise<JobOutcome> {
    return this.ask(budgetMs, () => DONE);
  }

  notePause(paused: boolean, budgetMs: number): Promise<JobOutcome> {
    return this.later(Math.min(budgetMs, this.world.chance.between(0.5, 5)), () => {
      this.host.disk.pauseNoted = paused;
      return DONE;
    });
  }

  kill(budgetMs: number): Promise<JobOutcome> {
    return this.later(Math.min(budgetMs, this.world.chance.between(2, 12)), () => {
      this.world.witness.fenced(this.host);
      killFenced(this.host);
      const isLeft = this.host.server !== undefined || this.host.orphans !== undefined;
      return isLeft ? failed('processes of PostgreSQL do not end, not even by SIGKILL') : DONE;
    });
  }

  flushLsn(budgetMs: number): Promise<Lsn | undefined> {
    return this.answer(budgetMs, () => {
      const { server } = this.host;
      return server?.role === 'primary' && server.phase === 'up' ? lsn(server.log().lsn) : undefined;
    });
  }

  async timelineHistory(budgetMs: number): Promise<readonly HistoryEntry[]> {
    const rows = await this.answer(budgetMs, () => {
      const { files } = this.host.disk;
      return files === undefined
        ? []
        : forksOf(files.log).map((fork) => ({
            timeline: fork.timeline,
            lsn: lsn(fork.lsn),
            reason: 'no recovery target specified',
          }));
    });
    return rows ?? [];
  }

  divergences(): Promise<readonly DivergenceRecord[]> {
    return Promise.resolve([]);
  }

  discardDivergence(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  listen(server: Server): void {
    server.onChange((what) => {
      this.process.after(this.world.chance.between(0.2, 3), () => {
        for (const listener of this.listeners) listener(what);
      });
    });
  }

  private isAnswering(): boolean {
    const { server } = this.host;
    return server === undefined || server.process.canRun();
  }

  private async ask(budgetMs: number, act: () => JobOutcome): Promise<JobOutcome> {
    return (await this.answer(budgetMs, act)) ?? failed('PostgreSQL does not answer');
  }

  private answer<T>(budgetMs: number, act: () => T): Promise<T | undefined> {
    if (!this.isAnswering()) return this.later(budgetMs / this.host.machine.clockRate, () => undefined);
    return this.later(this.world.chance.between(0.5, 5), () => (this.isAnswering() ? act() : undefined));
  }

  private later<T>(delayMs: number, act: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.process.after(delayMs, () => resolve(act()));
    });
  }
}

/** Everything is killed, and a start by hand will come up read-only. */
export function killFenced(host: PgHost): void {
  host.server?.kill();
  host.orphans?.kill();
  if (host.disk.files !== undefined) host.disk.files.standbySignal = true;
}

function hung(host: PgHost): LocalPostgres {
  return { ...lookAt(host), sql: unknown('no answer in time') };
}
