// Everything that runs: etcd, the members, the writer and who watches them.
import { join } from 'node:path';
import { Children, pause } from './children.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { configFileOf, type DemoHome, logFileOf } from './demo-home.ts';
import { EtcdCluster } from './etcd-cluster.ts';
import { lastLinesOf } from './file-tail.ts';
import { Member } from './member.ts';
import type { ProcessId } from './process-table.ts';
import { type Standing, StandingWatch } from './standing.ts';
import { StartError } from './start-error.ts';
import { writeRecord } from './state-directory.ts';
import { isRecovered, type Outcome } from './verdict.ts';
import { Writer } from './writer.ts';

export interface DemoClusterOptions {
  readonly home: DemoHome;
  /** Without a time: now. */
  readonly onEvent: (who: string, text: string, wallAt?: string) => void;
  readonly onActivity: (text: string) => void;
}

const STANDS_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 200;
/** An acknowledgement younger than this says that the primary serves now. */
const FRESH_ACK_MS = 500;
const LOG_LINES = 12;

export class DemoCluster {
  readonly members: readonly Member[];
  readonly writer: Writer;
  readonly watch: ClusterWatch;
  readonly #options: DemoClusterOptions;
  readonly #etcd: EtcdCluster;
  readonly #standingWatch: StandingWatch;
  #endedEarly: string | undefined;

  constructor(options: DemoClusterOptions) {
    this.#options = options;
    const { path, record, members } = options.home;
    const children = new Children((started: readonly ProcessId[]) => writeRecord(path, { ...record, started }));
    this.#etcd = new EtcdCluster(path, record.ports.etcd, children);
    this.members = members.map(
      (place) =>
        new Member({
          place,
          children,
          configFile: configFileOf(path, place.name),
          logFile: logFileOf(path, place.name),
          onEnd: (how) => this.#agentEnded(place.name, how),
        }),
    );
    const servers = members.map(({ name, ports }) => ({ name, port: ports.postgres }));
    const password = record.passwords.superuser;
    this.writer = new Writer({ servers, password });
    this.#standingWatch = new StandingWatch(servers, password);
    this.watch = new ClusterWatch(this.members, ({ member, text, rule, wallAt }) =>
      options.onEvent(member, rule === '' ? text : `${text} [${rule}]`, wallAt),
    );
  }

  /** Resolves when it stands or when it is called off. */
  async start(signal: AbortSignal): Promise<void> {
    this.#options.onActivity('starting etcd');
    await this.#etcd.start();
    this.#options.onActivity(this.#options.home.resumed ? 'resuming the cluster' : 'creating the cluster');
    await Promise.all(this.members.map((member) => member.start()));
    this.watch.start();
    this.writer.start();
    const deadlineMs = performance.now() + STANDS_WITHIN_MS;
    while (!signal.aborted && !(await this.stands())) {
      if (this.#endedEarly !== undefined) throw this.#notStarted(this.#endedEarly);
      if (performance.now() > deadlineMs)
        throw this.#notStarted(`The cluster does not stand after ${STANDS_WITHIN_MS / 1_000} s.`);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Whole, and so far that the first fault can lose nothing: a new cluster has no synchronous standby at first. */
  async stands(): Promise<boolean> {
    const outcome = await this.outcome();
    return isRecovered(outcome) && (this.members.length === 1 || outcome.standing.isSynchronous);
  }

  async outcome(): Promise<Outcome> {
    const standing = await this.standing();
    const silenceMs = this.writer.ledger.silenceMs(performance.now());
    const isServed = silenceMs !== undefined && silenceMs < FRESH_ACK_MS;
    return {
      standing,
      expected: this.members.filter(({ harm }) => harm === 'none').map(({ name }) => name),
      acknowledgedBy: isServed ? this.writer.writesTo : undefined,
    };
  }

  standing(): Promise<Standing> {
    return this.#standingWatch.look();
  }

  /** Ends all that was started, however far the start came. */
  async stop(): Promise<void> {
    await Promise.all([this.writer.stop(), this.watch.stop()]);
    this.#standingWatch.close();
    await Promise.all(this.members.map((member) => member.stop()));
    await this.#etcd.stop();
  }

  #agentEnded(name: string, how: string): void {
    this.#endedEarly ??= `The agent of ${name} ended (${how}).`;
    this.#options.onEvent(name, `the agent ended by itself (${how})`);
  }

  #notStarted(why: string): StartError {
    const { path } = this.#options.home;
    const logs = this.members.flatMap(({ name, logFile }) => {
      const lines = lastLinesOf(logFile, LOG_LINES).map((line) => `  ${line}`);
      return [`Last lines of ${join(path, `${name}.log`)}:`, ...lines];
    });
    return new StartError([why, ...logs].join('\n'));
  }
}
