import type { FollowTarget } from '../../core/model/job.ts';
import { Connection } from './connection.ts';
import type { Server } from './server.ts';
import { objectionToUse } from './slots.ts';
import { writeRefusal } from './disk-fault.ts';
import { contains, type WalEnd } from './wal.ts';

/** A receiver that cannot get through gives up after this long. */
const CONNECT_MS_MAX = 8000;
const RESEND_MS = 400;

/** A walreceiver process: connecting at first, then streaming, then gone. */
export class Receiver {
  readonly server: Server;
  readonly target: FollowTarget;
  status: 'connecting' | 'streaming' = 'connecting';
  isOver = false;
  /** By this machine's clock. */
  private messageMs = 0;
  private connection: Connection | undefined;
  private readonly sinceMs: number;

  constructor(server: Server, target: FollowTarget) {
    this.server = server;
    this.target = target;
    this.sinceMs = server.world.agenda.nowMs;
    this.knock();
  }

  /** How far the WAL on this disk reaches. */
  reached(): WalEnd {
    return this.server.log();
  }

  receive(snapshot: WalEnd): void {
    this.noteMessage();
    this.server.received(snapshot);
  }

  /** Something came from the sender. */
  noteMessage(): void {
    this.messageMs = this.server.host.machine.bootMs();
  }

  messageAgeMs(): number {
    return this.server.host.machine.bootMs() - this.messageMs;
  }

  /** Why nothing can be received; undefined: it can. */
  refusal(): string | undefined {
    return writeRefusal(this.server.host.disk);
  }

  end(why: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connection?.closeReceiver();
    this.server.receiverEnded(this, why);
  }

  /** Asks the upstream for a connection, and again while the network lets nothing through. */
  private knock(): void {
    const { world, host, process } = this.server;
    if (this.isOver) return;
    if (world.agenda.nowMs - this.sinceMs > CONNECT_MS_MAX) {
      this.end('connection timed out');
      return;
    }
    const upstream = world.hosts.get(this.target.upstream.host);
    const isOpen = upstream !== undefined && upstream.machine.up && world.network.isOpen(host.name, upstream.name);
    if (!isOpen) {
      process.after(RESEND_MS, () => this.knock());
      return;
    }
    world.agenda.after(world.network.oneWayMs(), () => {
      const { server } = upstream;
      if (server?.deafSinceMs !== undefined) return;
      if (server === undefined) this.refuse(upstream.name, 'connection refused');
      else server.process.run(() => this.admit(server));
    });
    process.after(CONNECT_MS_MAX, () => {
      if (this.status === 'connecting') this.end('connection timed out');
    });
  }

  /** In the upstream: lets the receiver in, or says why not. */
  private admit(upstream: Server): void {
    if (this.isOver) return;
    const why = this.objection(upstream);
    if (why !== undefined) {
      this.refuse(upstream.host.name, why);
      return;
    }
    const connection = new Connection(upstream, this);
    upstream.senders.push(connection);
    const { world, host, process } = this.server;
    if (!world.network.isOpen(upstream.host.name, host.name)) return;
    world.agenda.after(world.network.oneWayMs(), () => process.run(() => this.begin(connection)));
  }

  private objection(upstream: Server): string | undefined {
    if (upstream.phase !== 'up') return 'the database system is not accepting connections';
    if (upstream.host.disk.files?.systemId !== this.server.host.disk.files?.systemId)
      return 'system identifiers differ';
    const { slot } = this.target;
    const why = slot === undefined ? undefined : objectionToUse(upstream, slot);
    if (why !== undefined) return why;
    if (contains(upstream.log(), this.reached())) {
      const isGone = this.reached().lsn < upstream.files.walFrom;
      return isGone ? 'requested WAL segment has already been removed' : undefined;
    }
    if (contains(this.reached(), upstream.log()))
      return 'requested starting point is ahead of the WAL flush position of this server';
    return 'new timeline forked off before current recovery point';
  }

  private begin(connection: Connection): void {
    if (this.isOver) return;
    if (!connection.isSenderOpen) {
      this.end('connection reset');
      return;
    }
    this.connection = connection;
    connection.isReceiverOpen = true;
    this.status = 'streaming';
    this.noteMessage();
    this.server.streaming();
    connection.sender.process.run(() => connection.greet());
  }

  private refuse(upstreamName: string, why: string): void {
    const { world, host, process } = this.server;
    if (!world.network.isOpen(upstreamName, host.name)) return;
    world.agenda.after(world.network.oneWayMs(), () => process.run(() => this.end(why)));
  }
}
