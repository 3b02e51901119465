import { decodeStatus } from '../../core/layout/status-key.ts';
import { type Keys, keysBelow } from '../../core/layout/keys.ts';
import { Checker, isLossy } from '../check/checker.ts';
import { Ledger, type Reign } from '../check/ledger.ts';
import { RevocationCheck } from '../check/revocation-check.ts';
import { Client } from '../client.ts';
import { GuardProgram } from '../guard.ts';
import { WatchdogDevice } from '../watchdog.ts';
import type { Mutant } from '../mutant/mutant.ts';
import { Network } from '../network.ts';
import type { Options } from '../options.ts';
import { MEMBER_NAMES } from '../swarm-slots.ts';
import { type ClusterFiles, emptyDisk, newFiles } from '../database/disk.ts';
import { Forest } from '../database/wal.ts';
import type { PgHost, PgWorld } from '../database/world.ts';
import type { WatchEvent } from '../../ports/store.ts';
import type { Change } from '../keystore/state.ts';
import { StoreServer } from '../keystore/server.ts';
import { Agenda } from '../time/agenda.ts';
import { Chance } from '../time/chance.ts';
import { Machine } from '../time/machine.ts';
import { Settler } from '../time/settler.ts';
import { Trace } from '../time/trace.ts';
import { Agent } from './agent.ts';
import type { SimMember } from './member.ts';
import { PromiseDisk } from './promise-disk.ts';
import { Operator } from './operator.ts';

const CLIENTS = ['client1', 'client2', 'client3', 'client4'] as const;
const FOREIGN_LSN = 0x3000000;
const NO_SETTINGS = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
/** What a guard takes to start. */
const GUARD_START_MS = 100;
/** A reset machine is back after this time at the earliest. */
const BOOT_MS = 2000;
const VALUE_SHOWN = 240;
/** Members are switched on within this time. */
const START_MS = 3000;

/** Everything of one run: the store, the network, the members, the clients and who watches over them. */
export class Cluster {
  readonly options: Options;
  readonly agenda = new Agenda();
  readonly settler = new Settler();
  readonly trace: Trace;
  readonly network: Network;
  readonly store: StoreServer;
  readonly keys: Keys = keysBelow('/service/sim/');
  readonly ledger: Ledger;
  readonly checker: Checker;
  readonly revocations: RevocationCheck;
  readonly members: readonly SimMember[];
  readonly clients: readonly Client[];
  readonly clientNames: readonly string[];
  readonly operator: Operator;
  readonly world: PgWorld;
  /** Called once, when somebody takes the leader key. */
  nextReign: ((name: string) => void) | undefined;
  readonly mutant: Mutant | undefined;
  /** Rules that decided, with how often. */
  readonly rules = new Map<string, number>();
  /** Which rule decided in which situation, with how often. */
  readonly situations = new Map<string, number>();
  readonly undecided = new Set<string>();
  /** Requests to the store that changed something, or may have, and were not answered. */
  unknownOutcomes = 0;
  private readonly chance: Chance;
  private systemCount = 0;
  /** Faults are over: nothing is lost any more. */
  private isHealed = false;

  constructor(options: Options, how: { readonly isTraced: boolean; readonly mutant: Mutant | undefined }) {
    this.options = options;
    this.mutant = how.mutant;
    this.chance = new Chance(options.seed);
    this.trace = new Trace(how.isTraced, () => this.agenda.nowMs);
    this.network = new Network(this.agenda, this.chance.fork());
    this.network.delayMs = options.networkDelayMs;
    this.network.lossRate = options.lossRate;
    this.network.slowRate = options.slowRate;
    this.store = new StoreServer(this.agenda, this.chance.fork(), this.trace, (change) => {
      const before = this.ledger.current;
      const wasSynchronous = this.ledger.isSynchronous;
      this.checker.pause.checkReign(change);
      this.ledger.note(change, this.agenda.nowMs);
      if (wasSynchronous && !this.ledger.isSynchronous) this.checker.release();
      this.noteReign(before);
      this.revocations.noteReign(before, this.ledger.current);
      this.noteTold(change, before);
      this.checker.checkElectable('/sync or a key changed');
      for (const event of change.events) this.trace.note('store', () => `${change.revision} ${storedText(event)}`);
    });
    const hosts = new Map<string, PgHost>();
    this.ledger = new Ledger(this.keys, this.store.state.leases, (name) => hosts.get(name)?.machine.clockRate ?? 1);
    this.checker = new Checker(this, hosts, (name) => this.members.find((each) => each.name === name));
    this.world = {
      agenda: this.agenda,
      network: this.network,
      chance: this.chance.fork(),
      trace: this.trace,
      forest: new Forest(),
      witness: this.checker,
      habits: { ...options.habits, marksWork: how.mutant?.marksNoWork !== true },
      hosts,
    };
    this.members = MEMBER_NAMES.slice(0, options.memberCount).map((name) => this.makeMember(name, hosts));
    this.clientNames = CLIENTS.slice(0, options.clientCount);
    this.clients = this.clientNames.map(
      (name, at) =>
        new Client(
          this.world,
          { name, thinkMs: options.thinkMs, readsTopology: at % 2 === 0 },
          () => this.leader()?.name,
        ),
    );
    this.operator = new Operator(this);
    this.revocations = new RevocationCheck(this);
    if (options.isBootstrapAsked) this.operator.bootstrap(this.chance.fork());
    for (const member of this.members)
      this.agenda.after(this.chance.between(0, START_MS), () => this.startAgent(member));
  }

  /** The member that holds the leader key, by the store's truth. */
  leader(): SimMember | undefined {
    return this.members.find((each) => each.name === this.ledger.current?.name);
  }

  isWatchdogBroken(member: SimMember): boolean {
    return !this.isHealed && this.members.indexOf(member) < this.options.brokenWatchdogs;
  }

  lostAnswerRate(): number {
    return this.isHealed ? 0 : this.options.lostAnswerRate;
  }

  newSystemId(): string {
    this.systemCount += 1;
    return `74000000000000000${this.systemCount}`;
  }

  startAgent(member: SimMember): void {
    if (!member.machine.up || member.agent?.process.alive === true) return;
    this.trace.note(member.name, () => 'agent starts');
    this.checker.agentStarts.set(member.name, this.agenda.nowMs);
    this.checker.noteUp(member.name, 'agent');
    const agent = new Agent(this, member);
    agent.process.onUp = () => this.checker.noteUp(member.name, 'agent');
    member.agent = agent;
    agent.process.run(() => agent.start());
  }

  killAgent(member: SimMember): void {
    member.agent?.process.kill();
  }

  crash(member: SimMember): void {
    if (!member.machine.up) return;
    member.machine.up = false;
    member.watchdog.set(undefined);
    member.host.server?.kill();
    member.host.orphans?.kill();
    // No process outlives its machine, be its disk as it may.
    member.host.server = undefined;
    member.host.orphans = undefined;
    member.machine.crash();
  }

  boot(member: SimMember): void {
    if (member.machine.up) return;
    member.machine.boot();
    member.guard = this.newGuard(member.host);
    this.startAgent(member);
  }

  killGuard(member: SimMember): void {
    member.guard.process.kill();
  }

  /** Whom an agent talks to. It starts another where none runs. */
  guardOf(member: SimMember): GuardProgram {
    const { guard } = member;
    if (!guard.process.alive) {
      this.agenda.after(GUARD_START_MS, () => {
        if (member.guard !== guard || !member.machine.up) return;
        this.checker.noteUp(member.name, 'guard');
        member.guard = this.newGuard(member.host, guard.dutyUntilMs);
      });
    }
    return guard;
  }

  private newGuard(host: PgHost, dutyUntilMs?: number): GuardProgram {
    const guard = new GuardProgram(host, this.world, { dutyUntilMs, awakeMs: this.mutant?.guardAwakeMs });
    guard.process.onUp = () => this.checker.noteUp(host.name, 'guard');
    return guard;
  }

  /** The watchdog's doing, whatever state the machine is in. */
  private reset(name: string): void {
    const member = this.members.find((each) => each.name === name);
    if (member === undefined || !member.machine.up) return;
    this.trace.note(name, () => 'the watchdog resets the machine');
    this.crash(member);
    this.agenda.after(this.chance.between(BOOT_MS, 4 * BOOT_MS), () => this.boot(member));
  }

  freeze(member: SimMember): void {
    if (member.machine.up) member.machine.freeze();
  }

  thaw(member: SimMember): void {
    if (!member.machine.frozen) return;
    this.checker.refusals.forget(member.name);
    member.machine.thaw();
    member.guard.awake();
  }

  resumeGuard({ guard }: SimMember): void {
    guard.process.continue();
    guard.awake();
  }

  /** Somebody copied another cluster's data onto this machine. */
  giveForeignData(member: SimMember): void {
    this.swapDisk(member, newFiles('7555000000000000005', this.world.forest.root(1, FOREIGN_LSN), NO_SETTINGS));
  }

  emptyDisk(member: SimMember): void {
    this.swapDisk(member, undefined);
  }

  /** Everything that is broken from outside is whole again. */
  heal(): void {
    this.isHealed = true;
    this.trace.note('FAULT', () => 'everything heals');
    this.network.repairAll();
    this.world.habits.jobFailureRate = 0;
    this.world.habits.hookFailureRate = 0;
    this.store.heal();
    this.operator.resume();
    for (const member of this.members) {
      this.thaw(member);
      this.boot(member);
      member.tags = {};
      member.host.server?.process.continue();
      this.resumeGuard(member);
      member.agent?.process.continue();
      this.startAgent(member);
    }
  }

  private swapDisk(member: SimMember, files: ClusterFiles | undefined): void {
    this.crash(member);
    member.host.disk.files = files;
    member.host.disk.unfinished = undefined;
    member.host.disk.isTorn = false;
    this.checker.replaced(member.host);
    this.boot(member);
  }

  private noteReign(before: Reign | undefined): void {
    const { current } = this.ledger;
    const { nextReign } = this;
    if (current === undefined || current === before || nextReign === undefined) return;
    this.nextReign = undefined;
    nextReign(current.name);
  }

  /** An operator may order what loses acknowledged commits: then nothing is promised beyond what the new leader has. */
  private noteTold({ events }: Change, before: Reign | undefined): void {
    const { current } = this.ledger;
    if (current !== before && current !== undefined && isLossy(current)) this.checker.release();
    const told = events.find((event) => event.kind === 'put' && event.keyValue.key === this.keys.status);
    const lsn = told?.kind === 'put' ? decodeStatus(told.keyValue.value).value.optime : undefined;
    const teller = this.world.hosts.get((current ?? before)?.name ?? '');
    if (lsn !== undefined) this.checker.losses.told(teller, Number(lsn));
  }

  private makeMember(name: string, hosts: Map<string, PgHost>): SimMember {
    const { clockError } = this.options;
    const machine = new Machine(
      name,
      this.agenda,
      this.chance.fork(),
      1 + this.chance.between(-clockError, clockError),
    );
    machine.stopsAsleep = this.mutant?.clock === 'stops-asleep';
    const host: PgHost = { name, machine, disk: emptyDisk(), server: undefined, orphans: undefined };
    hosts.set(name, host);
    return {
      name,
      machine,
      host,
      promises: new PromiseDisk(),
      guard: this.newGuard(host),
      watchdog: new WatchdogDevice(this.agenda, () => this.reset(name)),
      agent: undefined,
      tags: {},
      upstream: this.options.upstreams.get(name),
    };
  }
}

/** One line for the trace; of the long values that only people read, the beginning. */
function storedText(event: WatchEvent): string {
  if (event.kind === 'delete') return `${event.key} deleted`;
  const { key, value, leaseId } = event.keyValue;
  return `${key} = ${value.slice(0, VALUE_SHOWN)}${value.length > VALUE_SHOWN ? '…' : ''}${leaseId === undefined ? '' : ` on lease ${leaseId}`}`;
}
