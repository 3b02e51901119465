import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import { childEnvironment } from './child-environment.ts';
import { asAccount } from './command.ts';
import { livePostmaster, pidFrom, postmasterAtWork } from './find-postmaster.ts';
import { JobFailure } from './job-failure.ts';
import type { PostgresOptions } from './options.ts';
import { isAlive, isSameProcess, readProcess } from './process-table.ts';
import { ProcessWatch } from './process-watch.ts';
import { readIfPresent } from './write-file.ts';
import { prepareServerLog, serverLogPath } from './server-log.ts';

/** How often a postmaster that is not our child is looked at; the loss of the connection to it mostly tells earlier. */
const WATCH_EVERY_MS = 200;

export interface StartedServer {
  readonly postmaster: PostmasterId;
  readonly logPath: string;
  /** Where this start's lines begin in the log. */
  readonly logOffset: number;
}

/** The postmaster's process: finds it, starts it, notices when it ends. */
export class Postmaster {
  readonly #options: PostgresOptions;
  readonly #watch: ProcessWatch;
  readonly #onGone: () => void;
  #current: PostmasterId | undefined;
  #left: PostmasterId | undefined;
  #pidInFile: number | undefined;
  /** Until then the file says nothing, not even that there is none. */
  #hasReadFile = false;

  constructor(options: PostgresOptions, onGone: () => void) {
    this.#options = options;
    this.#onGone = onGone;
    this.#watch = new ProcessWatch(options.clock, WATCH_EVERY_MS, () => {
      if (this.#current !== undefined) this.#gone(this.#current);
    });
  }

  /** The process that postmaster.pid names, whatever has become of it. */
  notePidFile(text: string | undefined): void {
    this.#pidInFile = pidFrom(text);
    this.#hasReadFile = true;
  }

  /** The live postmaster, be it ours or adopted. Touches no disk. */
  find(): PostmasterId | undefined {
    const known = this.#current !== undefined && isAlive(this.#current) ? this.#current : undefined;
    const found = known ?? this.#findAnew();
    if (found !== undefined && found !== this.#current) this.#adopt(found);
    return found;
  }

  /** It counts as gone from here on, though its archiver still works. */
  leave(postmaster: PostmasterId): void {
    this.#left = postmaster;
    this.#current = undefined;
  }

  /** The one that was left to its archiver, while that works. */
  left(): PostmasterId | undefined {
    return this.#left !== undefined && isAlive(this.#left) ? this.#left : undefined;
  }

  #findAnew(): PostmasterId | undefined {
    const { dataDir } = this.#options;
    const found = this.#hasReadFile ? livePostmaster(this.#pidInFile, dataDir) : postmasterAtWork(dataDir);
    return isSameProcess(found, this.#left) ? undefined : found;
  }

  /** Starts the server in a session of its own, so that it outlives the agent, unless that was cancelled. Does not wait until it is ready. */
  async start(program: string, args: readonly string[], cancelled: AbortSignal): Promise<StartedServer> {
    const logPath = await serverLogPath(this.#options);
    const logOffset = await prepareServerLog(logPath);
    if (cancelled.aborted) throw new JobFailure('cancelled');
    const stalePid = pidFrom(await readIfPresent(join(this.#options.dataDir, 'postmaster.pid')));
    const log = await open(logPath, 'a', 0o600);
    try {
      if (cancelled.aborted) throw new JobFailure('cancelled');
      const child = this.#spawn(program, args, log.fd, stalePid);
      const pid = await startedPid(child);
      const found = readProcess(pid);
      if (found === undefined) throw new JobFailure(`${program} ended at once`);
      const postmaster = { pid, startTicks: found.startTicks };
      this.#current = postmaster;
      child.on('exit', () => this.#gone(postmaster));
      return { postmaster, logPath, logOffset };
    } finally {
      await log.close();
    }
  }

  close(): void {
    this.#watch.close();
  }

  #spawn(program: string, args: readonly string[], log: number, stalePid: number | undefined): ChildProcess {
    const { runAs } = this.#options;
    const [command, commandArgs] = asAccount(runAs, program, args);
    // A pid file that names a foreign process would keep PostgreSQL from starting, unless it is told that this is no rival.
    const added = stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) };
    const env = childEnvironment(process.env, runAs !== undefined, added);
    const child = spawn(command, commandArgs, { cwd: '/', env, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    return child;
  }

  /** One that is not our child tells nobody that it ends. */
  #adopt(postmaster: PostmasterId): void {
    this.#current = postmaster;
    this.#watch.watch(postmaster);
  }

  #gone(postmaster: PostmasterId): void {
    if (!isSameProcess(this.#current, postmaster)) return;
    this.#current = undefined;
    this.#onGone();
  }
}

function startedPid(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new JobFailure(`PostgreSQL could not be started: ${error.message}`)));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}
