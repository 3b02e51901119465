// The agent's life: cycles until the plan says exit. Everything in here reaches the world through the ports alone, so that the
// simulation runs the same code.
import { encodeMember } from '../core/layout/member-key.ts';
import { initialMemory } from '../core/model/memory.ts';
import type { MemberData } from '../core/model/cluster.ts';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { Observation, Self } from '../core/model/observation.ts';
import type { Decision, StepKind } from '../core/model/plan.ts';
import { known } from '../core/model/seen.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Keys } from '../core/layout/keys.ts';
import type { Desk } from '../ports/desk.ts';
import { RuntimeDesk } from './desk.ts';
import type { Hands } from './execute/hands.ts';
import { execute, type Undone } from './execute/index.ts';
import { renewalPace } from './lease-times.ts';
import { type Decide, Loop } from './loop.ts';
import { observe } from './observe.ts';
import { type ReviewConfig, TroubleTeller } from './trouble-teller.ts';
import { epochMsFromIso } from './wall-time.ts';
import { type Parts, type RuntimePorts, wire } from './wiring.ts';

const EXIT_BROKEN = 70;

/** Steps whose transaction holds the member key. */
const WRITES_MEMBER: ReadonlySet<StepKind> = new Set(['putPledge', 'withdrawPledge', 'releaseKey']);

export interface RuntimeOptions {
  readonly self: Self;
  readonly keys: Keys;
  readonly decide: Decide;
  /** What the log is to say about the dynamic configuration beyond what cannot be used of it. */
  readonly reviewConfig?: ReviewConfig | undefined;
  /** The member's own file is to be read again. */
  readonly onReload?: (() => void) | undefined;
  /** Called once: the plan said exit, or an invariant broke (70). The runtime does nothing any more. */
  readonly onExit: (code: number, why: string) => void;
}

export interface Runtime {
  start(): void;
  readonly desk: Desk;
  /** Ends the wait between two cycles. */
  wake(reason: string): void;
  /** Resolves once the plan said exit. */
  requestShutdown(): Promise<void>;
}

export function createRuntime(ports: RuntimePorts, options: RuntimeOptions): Runtime {
  return new Agent(ports, options);
}

class Agent implements Runtime {
  readonly desk: RuntimeDesk;
  private readonly options: RuntimeOptions;
  private readonly parts: Parts;
  private readonly hands: Hands;
  private readonly loop: Loop;
  private postmaster: PostmasterId | undefined;
  private isStalled = false;
  private undone: Undone | undefined;
  private said: { readonly data: MemberData; readonly text: string } | undefined;
  private cycle = 0;
  private lastRule: string | undefined;
  private lastCluster: Snapshot['lastCluster'];
  private readonly teller: TroubleTeller;
  private exited = false;
  private readonly onExited: (() => void)[] = [];

  constructor(ports: RuntimePorts, options: RuntimeOptions) {
    this.options = options;
    const wake = (reason: string): void => {
      this.wake(reason);
    };
    const broken = (why: string): void => {
      this.exit(EXIT_BROKEN, why);
    };
    this.parts = wire(ports, options, {
      wake,
      broken,
      postmaster: () => this.postmaster,
      isStalled: () => this.isStalled,
    });
    this.hands = {
      ...this.parts,
      exit: (code, why) => {
        this.exit(code, why);
      },
    };
    const warn = (text: string): void => {
      ports.log.log('WARNING', text);
    };
    this.teller = new TroubleTeller(warn, options.reviewConfig);
    this.desk = new RuntimeDesk({ ...this.parts, wake, reload: () => options.onReload?.() });
    this.loop = this.makeLoop(broken);
  }

  start(): void {
    this.parts.postgres.onChange((what) => {
      this.wake(what);
    });
    this.parts.mirror.start();
    void this.begin();
  }

  /** Nothing is decided before it is known what this member has promised. */
  private async begin(): Promise<void> {
    const { promises, unsettled } = this.parts;
    // Where a record stands, no pledge was made since it was written.
    if (await promises.load()) unsettled.settle('pledge');
    if (!this.exited) this.loop.start();
  }

  wake(reason: string): void {
    this.loop.wake(reason);
  }

  requestShutdown(): Promise<void> {
    if (this.exited) return Promise.resolve();
    return new Promise((resolve) => {
      this.onExited.push(resolve);
      if (!this.parts.requests.has('shutdown')) this.parts.requests.add({ kind: 'shutdown' }, () => undefined);
      this.wake('asked to shut down');
    });
  }

  private makeLoop(onBroken: (why: string) => void): Loop {
    const { clock, log } = this.parts;
    return new Loop(
      {
        clock,
        log,
        decide: this.options.decide,
        observe: () => this.look(),
        onDecision: (observation, decision) => {
          this.takeNote(observation, decision);
        },
        execute: (decision) => this.obey(decision),
        onCycle: (observation, decision) => {
          this.show(observation, decision);
        },
        quietMs: () => this.quietMs(),
        onBroken,
      },
      initialMemory(clock.bootMs()),
    );
  }

  private async look(): Promise<Observation> {
    const observation = await observe(this.parts, this.undone?.step.kind);
    this.postmaster = observation.postgres.postmaster;
    const volumes = known(observation.postgres.health.storage) ?? [];
    this.isStalled = volumes.some(({ state }) => state === 'stalled');
    return observation;
  }

  /** What must be known before the first step is done. */
  private takeNote(observation: Observation, decision: Decision): void {
    const { callbacks, history, jobs, keeper, leaderWatch, log, promises, pulse } = this.parts;
    this.teller.look(observation.cluster);
    keeper.judge(decision.plan.verdict, observation.nowMs);
    promises.judge(decision.plan.promise);
    // Before the first step: a stop on purpose is announced before anything of it can be seen.
    pulse.say(decision.plan.pulse);
    if (decision.plan.watch !== 'as before') leaderWatch.watch(decision.plan.watch);
    if (observation.ended !== undefined) jobs.noted(observation.ended);
    history.add(decision.events);
    for (const call of decision.plan.callbacks ?? []) callbacks.call(call);
    const level = decision.rule === this.lastRule ? 'DEBUG' : 'INFO';
    this.lastRule = decision.rule;
    log.log(level, decision.why, { rule: decision.rule });
    for (const event of decision.events)
      log.log('INFO', event.text, { event: event.kind, rule: event.rule, ...event.evidence });
  }

  private async obey({ plan }: Decision): Promise<Undone | undefined> {
    const { publisher, probes } = this.parts;
    probes.ask(plan.probe);
    const said = plan.publish && this.spelled(plan.publish);
    if (plan.steps.some((step) => step.kind === 'exit')) await publisher.lastWord(said);
    // What was seen needs not wait for what is done about it, unless that has its own word to say in the member key.
    const isFirst = !plan.steps.some((step) => WRITES_MEMBER.has(step.kind));
    if (isFirst) publisher.publish(said);
    this.undone = await execute(plan.steps, this.hands);
    if (!isFirst && !this.exited) publisher.publish(said);
    return this.undone;
  }

  /** It stays the same object for as long as there is nothing new to say. */
  private spelled(data: MemberData): string {
    if (this.said?.data !== data) this.said = { data, text: encodeMember(data) };
    return this.said.text;
  }

  private show(observation: Observation, decision: Decision): void {
    this.cycle += 1;
    const { clock, contact, history, config } = this.parts;
    const atMs = clock.bootMs();
    const answeredMs = contact.lastAnswerMs();
    const wallMs = epochMsFromIso(clock.wallAt());
    const { cluster } = observation;
    if (cluster.kind === 'seen')
      this.lastCluster = { view: cluster.value, atMs: Math.max(cluster.atMs, answeredMs ?? 0) };
    const snapshot: Snapshot = {
      observation,
      rule: decision.rule,
      why: decision.why,
      atMs,
      cycle: this.cycle,
      events: history.recent(),
      config: config(),
      lastCluster: this.lastCluster,
      healing: decision.memory.healing,
      unreadySlots: decision.memory.slots.readiness?.unready,
      isReinitializing: decision.memory.reclone?.cause === 'reinitialize',
      member: decision.memory.published?.data,
      storeSeenAtS: answeredMs === undefined ? 0 : Math.floor((wallMs - (atMs - answeredMs)) / 1_000),
    };
    this.desk.show(snapshot, decision.memory.bootstrapRequest);
  }

  /** The core must have its say well before a verdict gets too old to renew by. */
  private quietMs(): number {
    const { loopWaitMs } = this.parts.config();
    const lease = this.parts.keeper.state();
    return lease.kind === 'held' ? Math.min(loopWaitMs, renewalPace(lease.ttlMs).verdictAgeMaxMs / 2) : loopWaitMs;
  }

  private exit(code: number, why: string): void {
    if (this.exited) return;
    this.exited = true;
    const { history, keeper, leaderWatch, log, mirror, publisher, pulse, vacancy } = this.parts;
    this.loop.stop();
    for (const part of [mirror, vacancy, publisher, history, leaderWatch, pulse]) part.stop();
    // The guard stays as it is: where it is armed, it acts unless another agent adopts the lease in time.
    keeper.letGo();
    log.log(code === 0 ? 'INFO' : 'ERROR', `exit ${code}: ${why}`);
    this.options.onExit(code, why);
    for (const resolve of this.onExited) resolve();
  }
}
