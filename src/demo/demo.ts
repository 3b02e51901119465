// One run of the demo, from nothing to the verdict.
import { type ActionContext, perform } from './actions.ts';
import { pause } from './children.ts';
import { DemoCluster } from './demo-cluster.ts';
import { type DemoHome, prepareHome } from './demo-home.ts';
import type { DemoOptions } from './options.ts';
import type { Picture, ShownEvent } from './picture.ts';
import type { Action } from './script.ts';
import { seconds } from './screen.ts';
import { StartError } from './start-error.ts';
import { removeStateDirectory } from './state-directory.ts';
import { countStreaming, isRecovered, type Verdict } from './verdict.ts';
import type { View } from './view.ts';

export interface DemoRun {
  readonly options: DemoOptions;
  readonly view: View;
  /** The keys that are pressed, and whatever the script says. */
  readonly actions: ActionQueue;
  /** Aborted: stop everything now. */
  readonly interrupted: AbortSignal;
}

export type DemoEnd =
  { readonly kind: 'verdict'; readonly verdict: Verdict } | { readonly kind: 'not started'; readonly why: string };

const RECOVERS_WITHIN_MS = 30_000;
const VERIFIES_WITHIN_MS = 15_000;
/** Who presses Ctrl-C does not wait for a failover. */
const VERIFIES_HASTILY_WITHIN_MS = 1_500;
const LOOK_EVERY_MS = 250;
const EVENTS_MAX = 200;

/** Actions one after the other, in the order in which they were asked for. */
export class ActionQueue {
  readonly #waiting: Action[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  push(action: Action): void {
    this.#waiting.push(action);
    this.#wake?.();
  }

  /** Nothing more comes: after what waits, the demo ends. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async next(signal: AbortSignal): Promise<Action> {
    while (!signal.aborted) {
      const action = this.#waiting.shift();
      if (action !== undefined) return action;
      if (this.#closed) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return { kind: 'quit' };
  }
}

export async function runDemo(run: DemoRun): Promise<DemoEnd> {
  try {
    const home = await prepareHome(run.options);
    return await new Demo(run, home).run();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { kind: 'not started', why: error.message };
  }
}

class Demo {
  readonly #run: DemoRun;
  readonly #home: DemoHome;
  readonly #cluster: DemoCluster;
  readonly #events: ShownEvent[] = [];
  readonly #startedMs = performance.now();
  readonly #startedAt = Date.now();
  #activity = 'preparing';

  constructor(run: DemoRun, home: DemoHome) {
    this.#run = run;
    this.#home = home;
    this.#cluster = new DemoCluster({
      home,
      onEvent: (who, text, wallAt) => this.#tell(who, text, wallAt),
      onActivity: (text) => this.#setActivity(text),
    });
  }

  async run(): Promise<DemoEnd> {
    const { view, interrupted } = this.#run;
    view.begin(() => this.#picture());
    try {
      await this.#cluster.start(interrupted);
      if (interrupted.aborted) return { kind: 'not started', why: 'Interrupted before the cluster stood.' };
      this.#cluster.writer.ledger.measureFrom(performance.now());
      this.#setActivity(`the cluster stands after ${seconds(this.#sinceStartMs(), 1)}`);
      await this.#performAll();
      return { kind: 'verdict', verdict: await this.#judge() };
    } finally {
      await this.#end();
    }
  }

  /** Whatever went wrong before, what was started is stopped. */
  async #end(): Promise<void> {
    try {
      this.#run.view.end();
      this.#setActivity('stopping everything');
    } finally {
      await this.#cluster.stop();
    }
    const { kept, path } = this.#home;
    if (kept) this.#tell('demo', `the cluster is kept in ${path}; a start with the same options resumes it`);
    else await removeStateDirectory(path);
  }

  async #performAll(): Promise<void> {
    const { actions, interrupted } = this.#run;
    const context: ActionContext = {
      cluster: this.#cluster,
      restapiPassword: this.#home.record.passwords.restapi,
      tell: (who, text) => this.#tell(who, text),
      signal: interrupted,
    };
    while (true) {
      const action = await actions.next(interrupted);
      if (action.kind === 'quit') return;
      await perform(action, context);
    }
  }

  /** Gives it half a minute to recover, unless interrupted, and then compares what was promised with what is there. */
  async #judge(): Promise<Verdict> {
    this.#setActivity('waiting until every member streams');
    const deadlineMs = performance.now() + RECOVERS_WITHIN_MS;
    let outcome = await this.#cluster.outcome();
    while (!isRecovered(outcome) && !this.#run.interrupted.aborted && performance.now() < deadlineMs) {
      await pause(LOOK_EVERY_MS);
      outcome = await this.#cluster.outcome();
    }
    this.#setActivity('comparing what was acknowledged with what is there');
    const { writer } = this.#cluster;
    const outageMs = writer.ledger.longestGapMs(performance.now());
    await writer.stop();
    const lost = await writer.verify(this.#verifyDeadline());
    // The picture that is left behind shall be of this moment.
    await this.#cluster.watch.poll();
    return {
      recovered: isRecovered(outcome),
      outageMs,
      acknowledged: writer.ledger.count,
      lost,
      ...countStreaming(outcome),
    };
  }

  #verifyDeadline(): AbortSignal {
    const { interrupted } = this.#run;
    if (interrupted.aborted) return AbortSignal.timeout(VERIFIES_HASTILY_WITHIN_MS);
    return AbortSignal.any([interrupted, AbortSignal.timeout(VERIFIES_WITHIN_MS)]);
  }

  #picture(): Picture {
    const { writer, watch } = this.#cluster;
    const nowMs = performance.now();
    return {
      sinceStartMs: this.#sinceStartMs(),
      activity: this.#activity,
      members: watch.picture(),
      events: this.#events,
      connection: this.#home.connection,
      writer: {
        writesTo: writer.writesTo,
        acknowledged: writer.ledger.count,
        ratePerSecond: writer.ledger.ratePerSecond(nowMs),
        presentOutageMs: writer.isStopped ? undefined : writer.ledger.presentOutageMs(nowMs),
        lastOutageMs: writer.ledger.lastOutage?.gapMs,
        lost: writer.lost,
      },
    };
  }

  #setActivity(text: string): void {
    this.#activity = text;
    this.#tell('demo', text);
  }

  /** What an agent tells is heard a little later than it happened, so it brings its own time. */
  #tell(who: string, text: string, wallAt?: string): void {
    const atMs = wallAt === undefined ? this.#sinceStartMs() : Date.parse(wallAt) - this.#startedAt;
    const event = { atMs, who, text };
    this.#events.push(event);
    this.#events.sort((a, b) => a.atMs - b.atMs);
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
    this.#run.view.event(event);
  }

  #sinceStartMs(): number {
    return performance.now() - this.#startedMs;
  }
}
