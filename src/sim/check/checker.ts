import { LIMITS } from '../../core/decide/limits.ts';
import { comparePositions, positionToText } from '../../core/model/lsn.ts';
import { heldBy } from '../database/disk.ts';
import { type Branch, contains, normalized, positionOf, type WalEnd, walEndToText } from '../database/wal.ts';
import type { PgHost, Witness } from '../database/world.ts';
import type { Agenda } from '../time/agenda.ts';
import type { Ledger, Reign } from './ledger.ts';
import type { GuardState } from '../../ports/guard.ts';
import { BUDGETS } from '../../runtime/budgets.ts';
import type { Options } from '../options.ts';
import { LossCheck } from './loss.ts';
import { PauseCheck } from './pause-check.ts';
import { type Fencers, GuardWatch, THAW_MS } from './guard-watch.ts';
import { RefusalWatch } from './refusal-watch.ts';
import { Violation } from './violation.ts';

/**
 * From the last look at the key, which a slow network may answer late, to the end of recovery: a key deleted in between is
 * noticed too late.
 */
const PROMOTE_MS = 260;
/** The guard's own reaction: timer, kill. */
const KILL_MS = 15;

/** A timeline that began: where it forked, and when. */
interface Beginning {
  readonly branch: Branch;
  readonly host: PgHost;
  readonly atMs: number;
  /** People had somebody lead who lacks what only others hold: they gave up what those others acknowledge. */
  readonly gaveUp: boolean;
}

/** What is to be watched over. */
export interface Scene {
  readonly agenda: Agenda;
  readonly ledger: Ledger;
  readonly options: Options;
}

export interface Tally {
  acknowledged: number;
  acknowledgedSynchronously: number;
  /** Acknowledged without synchronous replication, and lost with a leader: bounded, not forbidden. */
  lostAsynchronously: number;
  /** Writes of a primary that thawed before its guard. */
  excusedAfterThaw: number;
  /** Writes of a primary whose agent and guard were both stopped. */
  leftAlone: number;
}

/** Holds every event against the invariants of safety.md. The first that does not hold ends the run. */
export class Checker implements Witness {
  violation: Violation | undefined;
  readonly tally: Tally = {
    acknowledged: 0,
    acknowledgedSynchronously: 0,
    lostAsynchronously: 0,
    excusedAfterThaw: 0,
    leftAlone: 0,
  };
  private readonly agenda: Agenda;
  private readonly ledger: () => Ledger;
  private readonly hosts: ReadonlyMap<string, PgHost>;
  private readonly beginnings: Beginning[] = [];
  private readonly timelines = new Set<number>([1]);
  /** The last commit acknowledged under synchronous replication: whoever has it has all before. */
  private newest: WalEnd | undefined;

  readonly pause: PauseCheck;
  private readonly promoteMs: number;
  private readonly isGuarded: boolean;
  readonly losses: LossCheck;
  /** When the agent of a member was started last. */
  readonly agentStarts = new Map<string, number>();

  /** Who could end the PostgreSQL of a member. */
  private readonly guards: GuardWatch;
  readonly refusals: RefusalWatch;

  constructor(scene: Scene, hosts: ReadonlyMap<string, PgHost>, fencersOf: (name: string) => Fencers | undefined) {
    this.agenda = scene.agenda;
    this.guards = new GuardWatch(fencersOf, () => this.agenda.nowMs);
    this.refusals = new RefusalWatch(() => this.agenda.nowMs);
    const guardOf = (name: string): GuardState['kind'] | 'away' =>
      this.guards.isBetweenGuards(name) ? 'away' : (fencersOf(name)?.guard.state().kind ?? 'disarmed');
    this.ledger = () => scene.ledger;
    this.hosts = hosts;
    this.losses = new LossCheck(scene.options);
    const fail = (invariant: string, text: string): void => this.fail(invariant, text);
    this.pause = new PauseCheck({
      ledger: this.ledger,
      nowMs: () => this.agenda.nowMs,
      hosts,
      guardOf,
      isAgentSettled: (name, lengthMs) => this.guards.isAgentSettled(name, lengthMs),
      fail,
    });
    this.isGuarded = scene.options.isGuarded !== false;
    this.promoteMs = PROMOTE_MS + (scene.options.slowRate > 0 ? BUDGETS.confirm : 0);
  }

  serving(
    host: PgHost,
    how:
      | { readonly kind: 'promoted'; readonly reign: number; readonly from: WalEnd }
      | { readonly kind: 'started' | 'byHand' },
  ): void {
    const log = host.disk.files?.log;
    if (log === undefined) return;
    if (how.kind === 'promoted') this.checkPromotion(host, how, log);
    if (how.kind === 'byHand') this.timelines.add(log.branch.timeline);
    const { newest } = this;
    // An old leader inside its deadline may start again on its old timeline: that is no later primary, and I1 watches what it says.
    if (how.kind === 'started' && newest !== undefined && log.branch.timeline < newest.branch.timeline) return;
    if (newest !== undefined && !contains(log, newest) && !this.isThawedStranger(host)) {
      this.fail(
        'I2',
        `${host.name} serves from ${walEndToText(log)} without the acknowledged commit at ${walEndToText(newest)}`,
      );
    }
  }

  private isThawedStranger(host: PgHost): boolean {
    return this.ledger().current?.name !== host.name && this.hasJustThawed(host);
  }

  accepted(host: PgHost): void {
    if (this.isGuarded) {
      if (this.guards.isLeftAlone(host.name)) {
        this.tally.leftAlone += 1;
        return;
      }
      if (!this.hasJustThawed(host)) this.checkGuarded(host);
    }
    if (!this.pause.isExcused(host)) this.checkReign(host);
  }

  /** To be called before a program that may end PostgreSQL begins or goes on. */
  noteUp(name: string, program: 'agent' | 'guard'): void {
    this.guards.noteUp(name, program);
    if (program === 'agent') this.refusals.forget(name);
  }

  private checkGuarded(host: PgHost): void {
    this.pause.checkWrite(host);
    const late = this.pause.isExcused(host) ? undefined : this.guards.overstayed(host.name);
    if (late !== undefined) this.fail('I4', `${host.name} accepts a write ${late}`);
  }

  private checkReign(host: PgHost): void {
    const ledger = this.ledger();
    const nowMs = this.agenda.nowMs;
    const reign = ledger.lastReignOf(host.name);
    if (reign === undefined) {
      this.fail('I4', `${host.name} accepts a write and has never led`);
      return;
    }
    const isAlone = ledger.failsafe.length === 1 && ledger.failsafe[0] === host.name;
    const refused = nowMs > reign.promisedUntilMs ? this.refusals.overstayed(host.name, reign.reign) : undefined;
    const why = isAlone ? undefined : (overstayed(reign, nowMs) ?? refused);
    if (why === undefined) return;
    if (this.hasJustThawed(host)) this.tally.excusedAfterThaw += 1;
    else this.fail('I4', `${host.name} accepts a write in reign ${reign.reign} ${why}`);
  }

  acknowledged(host: PgHost, at: WalEnd, acceptedAtMs: number): void {
    this.tally.acknowledged += 1;
    const without = this.beginnings.filter(
      (each) =>
        each.branch.timeline > at.branch.timeline && !contains({ branch: each.branch, lsn: each.branch.end }, at),
    );
    const later = without.at(-1);
    const isSynchronous = this.isProtected(host) && !without.some((each) => each.gaveUp);
    if (isSynchronous) this.tally.acknowledgedSynchronously += 1;
    if (later === undefined && !isSynchronous) this.losses.acknowledged(host, at, this.agenda.nowMs);
    if (later !== undefined) this.checkLate(host, { at, acceptedAtMs, isSynchronous }, later);
    if (isSynchronous) this.protect(at);
  }

  fenced(host: PgHost): void {
    this.pause.checkFenced(host);
  }

  /** What people promoted waits for nobody until it leads by /sync. */
  private isProtected(host: PgHost): boolean {
    const { isSynchronous, sync, current } = this.ledger();
    const leads = sync.leader === host.name && current?.name === host.name;
    return isSynchronous && (host.server?.isByHand !== true || leads);
  }

  replaced(host: PgHost): void {
    this.checkElectable(`the data of ${host.name} changed`);
  }

  /** What goes was recorded, or somebody else has it; and nobody counts on this copy. */
  givesUp(host: PgHost, at: WalEnd): void {
    const systemId = host.disk.files?.systemId;
    const isOfCluster = [...this.hosts.values()].some(
      (each) => each !== host && each.disk.files?.systemId === systemId,
    );
    if (!isOfCluster) return;
    const isRecorded = host.disk.records.some(({ end }) => contains(end, at));
    if (!isRecorded) this.fail('I7', `${host.name} gives up its WAL at ${walEndToText(at)}, which nobody has recorded`);
    const { sync } = this.ledger();
    const union = [sync.leader, ...sync.voters];
    if (union.includes(host.name))
      this.fail('I7', `${host.name} gives up its data while /sync counts on them (${union.join(', ')})`);
  }

  startedTorn(host: PgHost): void {
    this.fail('I7', `${host.name} starts a directory that an interrupted rewind left`);
  }

  /** Any `q + 1` of `U` include a holder of every acknowledged commit. */
  checkElectable(when: string): void {
    const { newest } = this;
    const { sync } = this.ledger();
    if (newest === undefined || sync.leader === undefined) return;
    const union = [...new Set([sync.leader, ...sync.voters])];
    const lacking = union.filter((name) => !this.holds(name, newest));
    if (lacking.length < sync.quorum + 1) return;
    this.fail(
      'I6',
      `${when}: ${lacking.join(', ')} suffice by /sync (${union.join(', ')}; quorum ${sync.quorum}) and lack the acknowledged commit at ${walEndToText(newest)}`,
    );
  }

  /** Synchronous replication was switched off: nothing is promised for the next failover. */
  release(): void {
    this.newest = undefined;
  }

  /** What is acknowledged must be on this server at the end. */
  missingAt(log: WalEnd): WalEnd | undefined {
    return this.newest === undefined || contains(log, this.newest) ? undefined : this.newest;
  }

  /** Whether nothing that was promised would be missed there. */
  isWhole(log: WalEnd): boolean {
    return this.missingAt(log) === undefined;
  }

  lastTimeline(): number {
    return Math.max(...this.timelines);
  }

  fail(invariant: string, text: string): void {
    this.violation ??= new Violation(invariant, text);
  }

  private holds(name: string, commit: WalEnd): boolean {
    const host = this.hosts.get(name);
    const log = host === undefined ? undefined : heldBy(host.disk);
    return log !== undefined && contains(log, commit);
  }

  private checkPromotion(host: PgHost, how: { readonly reign: number; readonly from: WalEnd }, log: WalEnd): void {
    const { current } = this.ledger();
    const { timeline } = log.branch;
    if (this.timelines.has(timeline))
      this.fail('I5', `${host.name} starts timeline ${timeline}, which was used before`);
    this.timelines.add(timeline);
    if (current?.name !== host.name || current.reign !== how.reign) {
      if (this.hasJustThawed(host) || this.hasJustGone(how.reign)) this.tally.excusedAfterThaw += 1;
      else
        this.fail(
          'I5',
          `${host.name} promotes under reign ${how.reign} while ${current?.name ?? 'nobody'} holds the key, reign ${current?.reign ?? 0}`,
        );
      return;
    }
    this.checkKind(host, current);
    this.beginnings.push({ branch: log.branch, host, atMs: this.agenda.nowMs, gaveUp: isLossy(current) });
    for (const name of current.counted) this.checkCounted(host, name, how.from);
    this.checkLoss(host, current, how.from);
  }

  /** Whoever follows another cluster ends that reign before it is promoted in another. */
  private checkKind(host: PgHost, { ofStandby }: Reign): void {
    if (ofStandby) this.fail('I5', `${host.name} promotes under a reign of a standby cluster`);
  }

  private checkLoss(host: PgHost, reign: Reign, from: WalEnd): void {
    const { reigns, isSynchronous } = this.ledger();
    if (isSynchronous) return;
    const previous = reigns.findLast((each) => each.reign < reign.reign);
    const agentStartedAtMs = this.agentStarts.get(host.name) ?? 0;
    const nowMs = this.agenda.nowMs;
    const isPreviousBack = previous !== undefined && this.hadItsTurn(previous.name, nowMs);
    const why = this.losses.judge({ host, from, reign, previous, agentStartedAtMs, isPreviousBack, nowMs });
    if (why !== undefined) this.fail('I3', why);
  }

  /** It is back, and for so long that it could have taken the key like everybody else. */
  private hadItsTurn(name: string, nowMs: number): boolean {
    const startedAtMs = this.agentStarts.get(name);
    const isBack = startedAtMs !== undefined && nowMs - startedAtMs > LIMITS.betterWaitMs;
    return isBack && this.hosts.get(name)?.server?.role === 'standby';
  }

  private checkCounted(host: PgHost, name: string, from: WalEnd): void {
    const other = this.hosts.get(name);
    const log = other === undefined ? undefined : heldBy(other.disk);
    // Another cluster's data copied over its own are no position at all.
    const isForeign = other?.disk.files?.systemId !== host.disk.files?.systemId;
    // What people promote with its pledge standing goes beyond it; that is between them and who they paused.
    const isByHand = other?.server?.isByHand === true;
    if (log === undefined || name === host.name || isForeign || isByHand) return;
    if (comparePositions(positionOf(log), positionOf(from)) <= 0) return;
    this.fail(
      'I5',
      `${host.name} promotes from ${positionToText(positionOf(from))}, below ${name}, which it counted and which is at ${positionToText(positionOf(log))}`,
    );
  }

  private checkLate(
    host: PgHost,
    commit: { readonly at: WalEnd; readonly acceptedAtMs: number; readonly isSynchronous: boolean },
    later: Beginning,
  ): void {
    const text = `${host.name} acknowledges a commit at ${walEndToText(commit.at)}, which ${later.host.name} does not have on timeline ${later.branch.timeline}`;
    if (commit.isSynchronous) this.fail('I1', text);
    else if (commit.acceptedAtMs < later.atMs || this.pause.isExcused(host)) this.tally.lostAsynchronously += 1;
    else if (this.isGuarded && this.guards.isLeftAlone(host.name)) this.tally.leftAlone += 1;
    else if (this.hasJustThawed(host)) this.tally.excusedAfterThaw += 1;
    else this.fail('I1', `${text} and which began before`);
  }

  private protect(at: WalEnd): void {
    const { newest } = this;
    if (newest !== undefined && contains(newest, at)) return;
    if (newest !== undefined && !contains(at, newest)) {
      this.fail(
        'I2',
        `the commit acknowledged at ${walEndToText(at)} and the one at ${walEndToText(newest)} are not on one line`,
      );
      return;
    }
    this.newest = { branch: normalized(at).branch, lsn: at.lsn };
    this.checkElectable('a commit was acknowledged');
  }

  /** Deleted by hand while its holder was inside its deadline and the signal was out. */
  private hasJustGone(reign: number): boolean {
    const ended = this.ledger().reigns.find((each) => each.reign === reign);
    if (ended?.endedAtMs === undefined || ended.hasExpired) return false;
    return this.agenda.nowMs - ended.endedAtMs <= this.promoteMs;
  }

  private hasJustThawed(host: PgHost): boolean {
    return this.agenda.nowMs - host.machine.thawedAtMs <= THAW_MS;
  }
}

/** By order of people, whatever only the synchronous members hold. */
export function isLossy({ isOutsider, isOrdered }: Reign): boolean {
  return isOutsider && isOrdered;
}

/** Why the holder of a reign must not write any more; undefined: it may. */
function overstayed(reign: Reign, nowMs: number): string | undefined {
  if (nowMs <= reign.promisedUntilMs + KILL_MS) return undefined;
  if (nowMs > reign.deadlineAtMs + KILL_MS) return `${Math.round(nowMs - reign.deadlineAtMs)} ms past its deadline`;
  if (reign.endedAtMs === undefined) return undefined;
  if (reign.hasExpired) return 'after its lease ran out';
  return nowMs > reign.endedAtMs + reign.ttlMs
    ? `${Math.round(nowMs - reign.endedAtMs)} ms after the key was gone`
    : undefined;
}
