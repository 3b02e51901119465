import { whenItAnswers } from './disk-fault.ts';
import type { Receiver } from './receiver.ts';
import type { Server } from './server.ts';
import type { SyncNames } from './sync-names.ts';
import { contains, type WalEnd } from './wal.ts';

/** A cut connection sends again this often. */
const RESEND_MS = 300;
/** Silence is looked for this many times before it is believed. */
const CHECKS = 3;

/**
 * Streaming from one server to another: WAL one way, acknowledgements the other. Each end lives until it learns, or has
 * waited long enough to believe, that the other is gone.
 */
export class Connection {
  readonly name: string;
  readonly slot: string | undefined;
  readonly sender: Server;
  readonly receiver: Receiver;
  isSenderOpen = true;
  isReceiverOpen = false;
  state: 'catchup' | 'streaming' = 'catchup';
  /** As the sender knows. */
  flushedLsn = 0;
  names: SyncNames | undefined;
  /** One that starts has what the postmaster has read. */
  hasRead = true;
  private isSending = false;
  private isAcknowledging = false;
  private silentChecks = 0;

  constructor(sender: Server, receiver: Receiver) {
    this.sender = sender;
    this.receiver = receiver;
    this.name = receiver.server.host.name;
    this.slot = receiver.target.slot;
    this.names = sender.sync.names;
    this.check();
  }

  /** The first exchange after the connection stands: what the receiver has counts as acknowledged. */
  greet(): void {
    if (this.flushedLsn < this.sender.log().lsn) this.pump();
    this.receiver.server.process.run(() => this.acknowledge());
  }

  /** Sends what the receiver lacks, one stretch after the other. */
  pump(): void {
    if (!this.isSenderOpen || this.isSending) return;
    const snapshot = this.sender.log();
    if (this.flushedLsn >= snapshot.lsn) return;
    this.isSending = true;
    this.carry(this.sender, this.receiver.server, () =>
      whenItAnswers(this.receiver.server.host.disk, () =>
        this.receiver.server.process.run(() => {
          this.arrive(snapshot);
          this.sender.process.run(() => this.sent());
        }),
      ),
    );
  }

  /** The walreceiver ends: the kernel tells the other side, if it can. */
  closeReceiver(): void {
    if (!this.isReceiverOpen) return;
    this.isReceiverOpen = false;
    this.tell(this.name, this.sender.host.name, () => this.sender.process.run(() => this.dropSender()));
  }

  /** The walsender or its whole server ends. */
  closeSender(): void {
    if (!this.isSenderOpen) return;
    this.dropSender();
    this.tell(this.sender.host.name, this.name, () => this.receiver.server.process.run(() => this.dropReceiver()));
  }

  private sent(): void {
    this.isSending = false;
    if (this.isReceiverOpen && this.receiver.reached().lsn < this.sender.log().lsn) this.pump();
  }

  private arrive(snapshot: WalEnd): void {
    if (!this.isReceiverOpen) return;
    const refusal = this.receiver.refusal();
    if (refusal !== undefined) {
      this.receiver.end(refusal);
      return;
    }
    if (!contains(snapshot, this.receiver.reached())) {
      if (!contains(this.receiver.reached(), snapshot)) this.receiver.end('its WAL does not fit to mine');
      return;
    }
    this.receiver.receive(snapshot);
    this.acknowledge();
  }

  private acknowledge(): void {
    if (this.isAcknowledging) return;
    this.isAcknowledging = true;
    const flushedLsn = this.receiver.reached().lsn;
    this.carry(this.receiver.server, this.sender, () => {
      this.isAcknowledging = false;
      this.sender.process.run(() => this.acknowledged(flushedLsn));
      if (this.isReceiverOpen && this.receiver.reached().lsn > flushedLsn) this.acknowledge();
    });
  }

  private acknowledged(flushedLsn: number): void {
    if (!this.isSenderOpen) return;
    this.flushedLsn = Math.max(this.flushedLsn, flushedLsn);
    if (this.state === 'catchup' && flushedLsn >= this.sender.log().lsn) {
      this.state = 'streaming';
      this.sender.caughtUp();
    }
    this.sender.acknowledgedBy(this);
    this.pump();
  }

  /** Through a connection nothing gets lost: it is sent again until it arrives or an end gives up. */
  private carry(from: Server, to: Server, arrive: () => void): void {
    const { network, agenda } = this.sender.world;
    agenda.after(network.oneWayMs(), () => {
      if (!this.isSenderOpen && !this.isReceiverOpen) return;
      if (to.process.alive && network.isOpen(from.host.name, to.host.name)) arrive();
      else if (from.process.alive) agenda.after(RESEND_MS, () => from.process.run(() => this.carry(from, to, arrive)));
    });
  }

  private tell(from: string, to: string, arrive: () => void): void {
    const { network, agenda, hosts } = this.sender.world;
    if (hosts.get(from)?.machine.up !== true || !network.isOpen(from, to)) return;
    agenda.after(network.oneWayMs(), arrive);
  }

  private check(): void {
    const { agenda, habits } = this.sender.world;
    agenda.after(habits.replicationTimeoutMs / CHECKS, () => {
      if (!this.isSenderOpen && !this.isReceiverOpen) return;
      this.silentChecks = this.isSilent() ? this.silentChecks + 1 : 0;
      if (this.silentChecks < CHECKS) this.check();
      else this.giveUp();
    });
  }

  private isSilent(): boolean {
    const { network } = this.sender.world;
    const [up, down] = [this.sender.host.name, this.name];
    if (!network.isOpen(up, down) || !network.isOpen(down, up)) return true;
    if (this.isSenderOpen !== this.isReceiverOpen) return true;
    return !this.sender.process.canRun() || !this.receiver.server.process.canRun();
  }

  private giveUp(): void {
    this.sender.process.run(() => this.dropSender());
    this.receiver.server.process.run(() => this.dropReceiver());
    this.silentChecks = 0;
    this.check();
  }

  private dropSender(): void {
    if (!this.isSenderOpen) return;
    this.isSenderOpen = false;
    this.sender.lost(this);
  }

  private dropReceiver(): void {
    if (this.isReceiverOpen) this.receiver.end('connection lost');
  }
}
