import type { FollowTarget, ServerSettings } from '../../core/model/job.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import { Chance } from '../time/chance.ts';
import { Process } from '../time/process.ts';
import type { Connection } from './connection.ts';
import type { ClusterFiles } from './disk.ts';
import { whenItAnswers, writeRefusal } from './disk-fault.ts';
import { Receiver } from './receiver.ts';
import { SyncWait } from './sync-wait.ts';
import { contains, cutAt, type WalEnd, walEndToText } from './wal.ts';
import type { PgHost, PgWorld } from './world.ts';

const CHECKPOINT_BYTES = 112;

/** A running PostgreSQL, from the start of its postmaster to its end. */
export class Server {
  readonly host: PgHost;
  readonly world: PgWorld;
  readonly files: ClusterFiles;
  readonly process: Process;
  readonly id: PostmasterId;
  role: 'primary' | 'standby';
  phase: 'starting' | 'up' | 'stopping' = 'starting';
  readonly senders: Connection[] = [];
  readonly sync: SyncWait;
  follow: FollowTarget | undefined;
  receiver: Receiver | undefined;
  /** A standby has read all the WAL it had on disk when it was started. */
  replayedAll = false;
  /** Replay waits on a conflict until then. */
  replayStalledUntilMs = 0;
  startedAtMs: number;
  /** Since when the postmaster answers nobody new, in true time. */
  deafSinceMs: number | undefined;
  /** What its log last said about the receiver. */
  refusal: string | undefined;
  /** People started or promoted it. */
  isByHand = false;
  private replayedBefore: WalEnd;
  private receivedAtMs = 0;
  private changed: (what: string) => void = () => undefined;

  constructor(host: PgHost, world: PgWorld, files: ClusterFiles) {
    this.host = host;
    this.world = world;
    this.files = files;
    this.process = new Process(host.machine);
    this.id = { pid: world.chance.integer(300, 32000), startTicks: Math.floor(host.machine.bootMs() / 10) };
    this.role = files.standbySignal ? 'standby' : 'primary';
    // A chance of its own, so that the rest of a run does not hang on it.
    const reading = new Chance(this.id.pid);
    this.sync = new SyncWait(
      this.process,
      files.settings.syncNames,
      () => this.senders,
      () => reading.between(1, world.habits.walsenderReadMsMax),
    );
    this.follow = files.standbySignal ? files.follow : undefined;
    this.startedAtMs = world.agenda.nowMs;
    this.replayedBefore = cutAt(
      files.log,
      Math.max(files.checkpoint.lsn, files.log.lsn - world.chance.integer(0, 4000)),
    );
    this.start();
  }

  log(): WalEnd {
    return this.files.log;
  }

  onChange(changed: (what: string) => void): void {
    this.changed = changed;
  }

  replayed(): WalEnd {
    const { agenda, habits } = this.world;
    const isBehind =
      !this.replayedAll ||
      agenda.nowMs < this.replayStalledUntilMs ||
      agenda.nowMs < this.receivedAtMs + habits.replayLagMs;
    return isBehind ? this.replayedBefore : this.files.log;
  }

  /** Replay stands still for a while, whatever is received meanwhile. */
  stallReplay(lengthMs: number): void {
    this.replayedBefore = this.replayed();
    this.replayStalledUntilMs = this.world.agenda.nowMs + lengthMs;
  }

  /** A client's write: into the WAL, then the wait for the standbys, then the word. */
  commit(bytes: number, acknowledge: (at: WalEnd) => void, refuse: (why: string) => void): void {
    if (this.phase !== 'up' || this.role !== 'primary') {
      refuse(this.phase === 'up' ? 'read-only' : 'not accepting connections');
      return;
    }
    const { world } = this;
    this.process.after(world.habits.commitMs * (0.5 + world.chance.next()), () => {
      if (this.phase !== 'up') return;
      const refusal = writeRefusal(this.host.disk);
      if (refusal === undefined) whenItAnswers(this.host.disk, () => this.flush(bytes, acknowledge));
      else refuse(refusal);
    });
  }

  /** One whose process was killed meanwhile may still reach the disk; nobody is left who could tell the client. */
  private flush(bytes: number, acknowledge: (at: WalEnd) => void): void {
    const { world } = this;
    if (!this.process.alive) {
      if (this.host.server === this && world.chance.happens(0.5)) this.append(bytes);
      return;
    }
    this.process.run(() => {
      if (this.phase !== 'up') return;
      const at = this.append(bytes);
      const acceptedAtMs = world.agenda.nowMs;
      world.witness.accepted(this.host, at);
      this.sync.wait(at.lsn, () => {
        world.witness.acknowledged(this.host, at, acceptedAtMs);
        acknowledge(at);
      });
    });
  }

  reload(settings: ServerSettings): void {
    this.process.after(this.world.chance.between(0.5, 4), () => {
      if ((settings.syncNames ?? '') !== this.sync.text) this.sync.reload(settings.syncNames);
    });
  }

  /** Another upstream, in force at once: the receiver of the former one ends. */
  turnTo(follow: FollowTarget | undefined): void {
    this.follow = follow;
    this.endReceiver('upstream changed');
    this.receive();
  }

  endReceiver(why: string): void {
    this.receiver?.end(why);
  }

  receiverEnded(receiver: Receiver, why: string): void {
    if (this.receiver !== receiver) return;
    this.receiver = undefined;
    this.refusal = why;
    if (why.endsWith('already been removed')) this.restoreFromArchive();
    this.world.trace.note(this.host.name, () => `receiver from ${receiver.target.member} ends: ${why}`);
    this.changed('receiver lost');
    const pauseMs = this.world.habits.receiverRetryMs * (0.5 + this.world.chance.next());
    this.process.after(pauseMs, () => this.receive());
  }

  streaming(): void {
    this.world.trace.note(
      this.host.name,
      () => `streams from ${this.receiver?.target.member ?? ''} at ${walEndToText(this.files.log)}`,
    );
    this.changed('receiver streams');
  }

  received(snapshot: WalEnd): void {
    this.replayedBefore = this.replayed();
    this.receivedAtMs = this.world.agenda.nowMs;
    this.files.log = snapshot;
    this.pumpAll();
  }

  acknowledgedBy(sender: Connection): void {
    if (this.role === 'primary') this.sync.release(sender);
  }

  /** A standby has caught up for the first time. */
  caughtUp(): void {
    this.changed('a standby caught up');
  }

  lost(connection: Connection): void {
    const at = this.senders.indexOf(connection);
    if (at >= 0) this.senders.splice(at, 1);
    const slot = this.files.slots.get(connection.slot ?? '');
    if (slot !== undefined) slot.restartLsn = Math.max(slot.restartLsn ?? 0, connection.flushedLsn);
    this.changed('a standby is gone');
  }

  /** Leaves recovery on a timeline of its own. */
  promote(timeline: number, reign: number | undefined): void {
    this.endReceiver('promoted');
    const from = this.files.log;
    this.files.log = this.world.forest.fork(from, timeline);
    this.files.standbySignal = false;
    this.files.follow = undefined;
    this.files.control = 'in production';
    this.role = 'primary';
    this.sync.restarted();
    this.isByHand = reign === undefined;
    this.world.witness.serving(this.host, reign === undefined ? { kind: 'byHand' } : { kind: 'promoted', reign, from });
    this.forceCheckpoint();
    this.changed('promoted');
  }

  /** A forced checkpoint begins; its record is there when it ends. */
  forceCheckpoint(): number {
    const lengthMs = this.world.chance.between(20, this.world.habits.checkpointMsMax);
    this.sync.checkpoint(lengthMs);
    if (this.role === 'primary') this.writeCheckpoint();
    return lengthMs;
  }

  /** Begins a fast stop: sessions end, the last record goes to whoever streams. `ended` comes when all have it or are gone. */
  stopFast(ended: (shutdown: WalEnd | undefined) => void): void {
    if (this.host.disk.fault?.kind === 'readOnly') {
      // The shutdown checkpoint cannot be written, and the server ends itself.
      this.kill();
      ended(undefined);
      return;
    }
    this.phase = 'stopping';
    this.sync.cancel();
    this.endReceiver('shutting down');
    if (this.role === 'primary') this.writeCheckpoint();
    const wait = (): void => {
      const isSent = this.senders.every((each) => each.flushedLsn >= this.files.log.lsn);
      if (!isSent) this.process.after(5, wait);
      else this.finish(ended);
    };
    this.process.after(this.world.chance.between(5, 60), wait);
  }

  /** Only the postmaster is gone: its backends go on until they notice, or are killed. */
  orphan(): void {
    if (this.host.server !== this || !this.process.alive || this.phase !== 'up') return;
    this.host.orphans?.kill();
    if (this.host.orphans !== undefined) return;
    this.host.server = undefined;
    this.host.orphans = this;
    this.deafSinceMs = this.world.agenda.nowMs;
    this.changed('postmaster gone');
    this.process.after(this.world.chance.between(20, this.world.habits.orphansMsMax), () => this.kill());
  }

  /** SIGKILL to all of it. Nothing of it runs any more; but what waits for its disk is gone only once that answers. */
  kill(): void {
    if (!this.process.alive) return;
    if (this.role === 'standby') this.files.minRecoveryEnd = this.replayed();
    this.process.kill();
    this.sync.cancel();
    this.receiver?.end('killed');
    for (const sender of this.senders.slice()) sender.closeSender();
    whenItAnswers(this.host.disk, () => {
      if (this.host.server === this) this.host.server = undefined;
      if (this.host.orphans === this) this.host.orphans = undefined;
      this.changed('postmaster gone');
    });
  }

  private start(): void {
    const { world, files } = this;
    const isClean = files.control === 'shut down' || files.control === 'shut down in recovery';
    const recoveryMs = isClean ? world.chance.between(40, 250) : world.chance.between(100, world.habits.recoveryMsMax);
    files.control = this.role === 'primary' ? 'in production' : 'in archive recovery';
    this.process.after(recoveryMs, () => {
      this.phase = 'up';
      if (this.role === 'primary') this.serve(isClean);
      else this.process.after(world.chance.between(0, world.habits.replayMsMax), () => this.caughtUpWithDisk());
      this.changed('accepts connections');
    });
  }

  private serve(isClean: boolean): void {
    this.replayedAll = true;
    this.world.witness.serving(this.host, { kind: 'started' });
    this.writeCheckpoint();
    if (!isClean) this.sync.checkpoint(this.world.chance.between(10, 300));
  }

  private caughtUpWithDisk(): void {
    this.replayedAll = true;
    this.changed('replayed what was on disk');
    this.receive();
  }

  /** The archive has what the upstream has removed, up to there. */
  private restoreFromArchive(): void {
    const upstream = this.world.hosts.get(this.follow?.upstream.host ?? '')?.server;
    if (!this.world.habits.hasArchive || upstream === undefined || this.role !== 'standby') return;
    const archived = cutAt(upstream.log(), upstream.files.walFrom);
    if (contains(archived, this.files.log)) this.received(archived);
  }

  /** Starts a receiver where one is due. */
  private receive(): void {
    const isDue = this.role === 'standby' && this.phase === 'up' && this.replayedAll && this.receiver === undefined;
    if (isDue && this.follow !== undefined) this.receiver = new Receiver(this, this.follow);
  }

  private append(bytes: number): WalEnd {
    this.files.log = this.world.forest.append(this.files.log, bytes);
    this.pumpAll();
    return this.files.log;
  }

  private pumpAll(): void {
    for (const sender of this.senders) sender.pump();
  }

  private finish(ended: (shutdown: WalEnd | undefined) => void): void {
    const isPrimary = this.role === 'primary';
    this.files.control = isPrimary ? 'shut down' : 'shut down in recovery';
    this.kill();
    ended(isPrimary ? this.files.checkpoint : undefined);
  }

  private writeCheckpoint(): void {
    const { branch, lsn } = this.append(CHECKPOINT_BYTES);
    this.files.checkpoint = { branch, lsn: lsn - CHECKPOINT_BYTES };
  }
}
