import { situationToText } from '../../core/model/situation.ts';
import { decide } from '../../core/decide/decide.ts';
import { ANYWHERE, DECISION_TABLE } from '../../core/decide/decision-table.ts';
import type { Beat } from '../../core/model/leader-signs.ts';
import type { Decision } from '../../core/model/plan.ts';
import type { CallbackCall, CallbackRole } from '../../core/model/callback.ts';
import type { Self } from '../../core/model/observation.ts';
import type { WatchdogMode } from '../../core/model/watchdog.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Log } from '../../ports/log.ts';
import type { Guard } from '../../ports/guard.ts';
import type { ForgetRequest, PromiseRequest } from '../../ports/peers.ts';
import type { Postgres } from '../../ports/postgres.ts';
import type { PromiseFile, PromiseGiven } from '../../ports/promises.ts';
import type { Store, Txn } from '../../ports/store.ts';
import { createRuntime, type Runtime } from '../../runtime/runtime.ts';
import { GuardLine } from '../guard.ts';
import type { Decide, Mutant } from '../mutant/mutant.ts';
import { keyOfRenewal } from '../mutant/renewal-txn.ts';
import type { Server } from '../database/server.ts';
import { SimPostgres } from '../database/adapter.ts';
import { StoreClient } from '../keystore/client.ts';
import { clockOf } from '../time/machine.ts';
import { Process } from '../time/process.ts';
import type { Cluster } from './cluster.ts';
import { type SimMember, tagsOf } from './member.ts';
import { WatchdogHandle } from '../watchdog.ts';
import { SimPeers } from './peers.ts';

/** A service manager starts an agent again that ended by itself. */
const RESTART_MS = 3000;
const WATCHDOG_TTL_MS_MIN = 3000;
const RESTART_PATIENCE_MS = 120_000;
const INVARIANT_BROKE = 70;

/** One life of an agent's program: the real runtime and the real core on simulated ports. */
export class Agent {
  readonly process: Process;
  readonly store: StoreClient;
  private readonly cluster: Cluster;
  private readonly member: SimMember;
  private readonly runtime: Runtime;
  private lastRule = '';
  /** The role that the callbacks were told last. */
  lastTold: CallbackRole | undefined;
  private postgres: SimPostgres | undefined;

  constructor(cluster: Cluster, member: SimMember) {
    this.cluster = cluster;
    this.member = member;
    this.process = new Process(member.machine, () => cluster.settler.touch());
    this.store = new StoreClient(cluster.store, this.process, cluster.network, {
      lostAnswerRate: () => cluster.lostAnswerRate(),
      renewed: (leaseId, sentAtMs) => this.noteRenewal(leaseId, sentAtMs),
      refused: (txn, budgetMs) => this.noteRefusal(txn, budgetMs),
      unknown: () => (cluster.unknownOutcomes += 1),
      called: () => cluster.settler.touch(),
    });
    this.runtime = this.makeRuntime();
  }

  start(): void {
    this.runtime.start();
  }

  /** As on SIGTERM. */
  shutdown(): void {
    this.process.run(() => void this.runtime.requestShutdown());
  }

  /** As POST /failsafe does. */
  promise(request: PromiseRequest): Promise<PromiseGiven> {
    const give = (asked: PromiseRequest): Promise<PromiseGiven> => this.runtime.desk.promise(asked);
    return (this.cluster.mutant?.promise?.(give) ?? give)(request);
  }

  /** As DELETE /failsafe does. */
  forget(request: ForgetRequest): void {
    this.runtime.desk.forget(request);
  }

  /** As GET /kornak/heartbeat does. */
  heartbeat(listener: (beat: Beat | undefined) => void): (() => void) | undefined {
    return this.runtime.desk.heartbeat(listener);
  }

  /** As `kornakctl bootstrap` does. */
  askForBootstrap(): void {
    this.process.run(() => void this.runtime.desk.bootstrap());
  }

  /** As `kornakctl reinit` does. */
  askToReinitialize(how: { readonly force: boolean; readonly fromLeader: boolean }): void {
    this.process.run(() => void this.runtime.desk.reinitialize(how));
  }

  /** As `kornakctl restart` does, at once or in a while. */
  askForRestart(afterMs: number | undefined, timeoutMs: number | undefined): void {
    const wish = timeoutMs === undefined ? {} : { timeoutMs };
    const wallMs = this.snapshot()?.observation.wallMs ?? 0;
    this.process.run(() => {
      const { desk } = this.runtime;
      if (afterMs === undefined) void desk.operate({ kind: 'restart', wish }, RESTART_PATIENCE_MS);
      else void desk.operate({ kind: 'scheduleRestart', wish, at: 'later', atMs: wallMs + afterMs });
    });
  }

  takeRestartBack(): void {
    this.process.run(() => void this.runtime.desk.operate({ kind: 'cancelRestart' }));
  }

  /** A server that this agent did not start itself. */
  startedByHand(server: Server): void {
    this.postgres?.listen(server);
  }

  snapshot(): Snapshot | undefined {
    return this.runtime.desk.snapshot();
  }

  private makeRuntime(): Runtime {
    const { cluster, member, process } = this;
    const { mutant } = cluster;
    const postgres = new SimPostgres(member.host, cluster.world, process, () => cluster.newSystemId());
    this.postgres = postgres;
    const guard = new GuardLine(process, () => cluster.guardOf(member));
    const ports = {
      ...bent({ store: this.store, postgres, guard }, process, mutant),
      peers: mutant?.peers?.(new SimPeers(cluster, process)) ?? new SimPeers(cluster, process),
      promiseFile: promiseFileOf(member, process, mutant),
      clock: clockOf(process),
      random: member.machine.chance.fork(),
      log: this.log(),
      watchdog: new WatchdogHandle(member.watchdog, () => cluster.isWatchdogBroken(member)),
      callbacks: { call: (call: CallbackCall) => this.told(call) },
    };
    return createRuntime(ports, {
      self: selfOf(cluster, member),
      keys: cluster.keys,
      decide: this.watched(mutant?.decide?.(decide) ?? decide),
      onExit: (code, why) => this.exited(code, why),
    });
  }

  /** Counts the rules, and tells each time that another one decides. */
  private watched(decision: Decide): Decide {
    const { rules, trace } = this.cluster;
    return (observation, memory) => {
      const made = decision(observation, memory);
      rules.set(made.rule, (rules.get(made.rule) ?? 0) + 1);
      this.noteSituation(made);
      if (made.rule !== this.lastRule || made.plan.steps.length > 0) {
        trace.note(
          this.member.name,
          () =>
            `${made.rule} ${made.why} [${made.plan.steps.map((step) => step.kind).join(' ')}] ${made.plan.verdict.kind}`,
        );
      }
      this.lastRule = made.rule;
      if (made.rule === 'S10') this.cluster.checker.losses.handedOver = this.cluster.ledger.current?.reign;
      return made;
    };
  }

  private noteSituation({ situation, rule }: Decision): void {
    const { situations, undecided } = this.cluster;
    const cell = `${situationToText(situation)}: ${rule}`;
    situations.set(cell, (situations.get(cell) ?? 0) + 1);
    const listed = DECISION_TABLE[situation.mode][situation.server][situation.lead];
    if (!ANYWHERE.has(rule) && !listed.includes(rule)) undecided.add(cell);
  }

  private exited(code: number, why: string): void {
    const { cluster, member } = this;
    cluster.trace.note(member.name, () => `agent exits ${code}: ${why}`);
    if (code === INVARIANT_BROKE) cluster.checker.fail('exit 70', `${member.name}: ${why}`);
    this.process.kill();
    if (code !== 0) cluster.agenda.after(RESTART_MS, () => cluster.startAgent(member));
  }

  private noteRenewal(leaseId: string, sentAtMs: number): void {
    const { machine } = this.process;
    const ageMs = (machine.bootMs() - sentAtMs) / machine.clockRate;
    this.cluster.ledger.noteRenewal(leaseId, machine.agenda.nowMs - ageMs);
  }

  private noteRefusal(txn: Txn, budgetMs: number): void {
    const key = keyOfRenewal(txn, budgetMs);
    if (key !== undefined) this.cluster.checker.refusals.note(this.member.name, key.modRevision, this.process);
  }

  /** The simulated world has no addresses to move: what was told last is held against what is in the end. */
  private told({ action, role }: CallbackCall): void {
    if (action !== 'on_reload') this.lastTold = role;
    this.cluster.trace.note(this.member.name, () => `callback ${action} ${role}`);
  }

  private log(): Log {
    const { trace } = this.cluster;
    return {
      log: (level, text) => {
        if (level !== 'DEBUG') trace.note(this.member.name, () => `${level}: ${text}`);
      },
    };
  }
}

function promiseFileOf(member: SimMember, process: Process, mutant: Mutant | undefined): PromiseFile {
  const file = member.promises.fileFor(process);
  return mutant?.promiseFile?.(file, process) ?? file;
}

interface Bendable {
  readonly store: Store;
  readonly postgres: Postgres;
  readonly guard: Guard;
}

/** The ports as a mutant leaves them. */
function bent(ports: Bendable, process: Process, mutant: Mutant | undefined): Bendable {
  if (mutant === undefined) return ports;
  return {
    store: mutant.store?.(ports.store, process) ?? ports.store,
    postgres: mutant.postgres?.(ports.postgres, process) ?? ports.postgres,
    guard: mutant.guard?.(ports.guard) ?? ports.guard,
  };
}

/** Nobody could lead where it is required and the lease is too short for it. */
function watchdogModeOf({ options }: Cluster): WatchdogMode {
  return options.watchdog === 'required' && options.leaderTtlMs < WATCHDOG_TTL_MS_MIN ? 'automatic' : options.watchdog;
}

function selfOf(cluster: Cluster, member: SimMember): Self {
  const { options } = cluster;
  return {
    name: member.name,
    scope: 'sim',
    connUrl: `postgres://${member.name}:5432/postgres`,
    apiUrl: `http://${member.name}:8008/patroni`,
    version: '4.1.4',
    get tags() {
      return tagsOf(member);
    },
    watchdog: { mode: watchdogModeOf(cluster), safetyMarginS: 5 },
    hasPrePromote: options.habits.hookRate > 0,
    mayBootstrap: !options.isBootstrapAsked,
    localRevision: 0,
    overrides: { usePgRewind: true },
    initialConfig: {
      ttl: 20,
      loop_wait: options.loopWaitMs / 1000,
      retry_timeout: 5,
      maximum_lag_on_failover: options.maximumLagBytes,
      primary_start_timeout: options.primaryStartTimeoutMs / 1000,
      primary_race_backoff: options.primaryRaceBackoffMs / 1000,
      check_timeline: options.checksTimeline,
      synchronous_mode: options.isSynchronous ? (options.isQuorum ? 'quorum' : 'on') : 'off',
      synchronous_mode_strict: options.isStrict,
      maximum_lag_on_syncnode: options.maximumLagOnSyncnodeBytes,
      synchronous_node_count: options.synchronousNodeCount,
      failsafe_mode: options.isFailsafe,
      member_slots_ttl: options.memberSlotsTtlS,
      slots: options.permanentSlots,
      kornak: { leader_ttl: options.leaderTtlMs / 1000, divergence: options.divergence },
      postgresql: { use_pg_rewind: true, use_slots: true },
    },
  };
}
