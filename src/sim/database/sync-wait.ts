import type { Process } from '../time/process.ts';
import { isSatisfied, priorityOf, type SyncNames, syncNamesFromText } from './sync-names.ts';

interface Waiter {
  readonly lsn: number;
  readonly acknowledge: () => void;
}

export interface Walsender {
  readonly name: string;
  readonly state: 'catchup' | 'streaming';
  readonly flushedLsn: number;
  /** Whom commits wait for, as it has read last; undefined: for nobody. */
  names: SyncNames | undefined;
  /** It has read the last reload. */
  hasRead: boolean;
}

/** How long a walsender takes to read a reload. */
export type ReadingTime = () => number;

/**
 * Commits that wait for standbys. Whom they wait for is read at a reload, by each walsender when it comes to it, and by what it has
 * read it releases them; whether they wait at all is a flag that the checkpointer sets when it reads its configuration, which it
 * does not during a forced checkpoint.
 */
export class SyncWait {
  names: SyncNames | undefined;
  text: string;
  private isWaiting: boolean;
  private readonly process: Process;
  private readonly senders: () => readonly Walsender[];
  private readonly readingMs: ReadingTime;
  private waiters: Waiter[] = [];
  private busyUntilMs = 0;
  private isRead = true;

  constructor(
    process: Process,
    text: string | undefined,
    senders: () => readonly Walsender[],
    readingMs: ReadingTime = () => 1,
  ) {
    this.readingMs = readingMs;
    this.process = process;
    this.senders = senders;
    this.text = text ?? '';
    this.names = syncNamesFromText(this.text);
    this.isWaiting = this.names !== undefined;
  }

  reload(text: string | undefined): void {
    this.text = text ?? '';
    this.names = syncNamesFromText(this.text);
    this.isRead = false;
    this.process.after(this.process.machine.chance.between(1, 8), () => this.read());
    for (const sender of this.senders()) {
      sender.hasRead = false;
      this.process.after(this.readingMs(), () => this.readBy(sender));
    }
  }

  /** A forced checkpoint of this length begins. */
  checkpoint(lengthMs: number): void {
    this.busyUntilMs = Math.max(this.busyUntilMs, this.process.machine.agenda.nowMs + lengthMs);
  }

  isIdleSinceReload(): boolean {
    return this.isRead && !this.isBusy();
  }

  isBusy(): boolean {
    return this.process.machine.agenda.nowMs < this.busyUntilMs;
  }

  wait(lsn: number, acknowledge: () => void): void {
    if (!this.isWaiting) acknowledge();
    else this.waiters.push({ lsn, acknowledge });
  }

  /** Called whenever a standby has acknowledged more: its walsender lets go whom its own settings allow. */
  release(by: Walsender): void {
    const { names } = by;
    if (names === undefined || by.state !== 'streaming' || priorityOf(names, by.name) === 0) return;
    const streaming = this.senders().filter((each) => each.state === 'streaming');
    const isDone = (waiter: Waiter): boolean => isSatisfied(names, streaming, waiter.lsn);
    const done = this.waiters.filter(isDone);
    if (done.length === 0) return;
    this.waiters = this.waiters.filter((waiter) => !done.includes(waiter));
    for (const waiter of done) waiter.acknowledge();
  }

  /** The sessions end; nobody is told anything. */
  cancel(): void {
    this.waiters = [];
  }

  /** Another timeline has begun: each walsender ends its stream and begins anew, with what it was told to read by then. */
  restarted(): void {
    for (const sender of this.senders()) this.readBy(sender);
  }

  private readBy(sender: Walsender): void {
    sender.names = this.names;
    sender.hasRead = true;
    this.release(sender);
  }

  private read(): void {
    if (this.isBusy()) {
      this.process.after(this.busyUntilMs - this.process.machine.agenda.nowMs + 1, () => this.read());
      return;
    }
    this.isRead = true;
    this.isWaiting = this.names !== undefined;
    if (this.isWaiting) return;
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.acknowledge();
  }
}
