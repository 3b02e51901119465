import type { Process } from '../time/process.ts';
import type { Connection } from './connection.ts';
import { isSatisfied, type SyncNames, syncNamesFromText } from './sync-names.ts';

interface Waiter {
  readonly lsn: number;
  readonly acknowledge: () => void;
}

/**
 * Commits that wait for standbys. Whom they wait for is read at a reload, by the walsenders; whether they wait at all is a
 * flag that the checkpointer sets when it reads its configuration, which it does not during a forced checkpoint.
 */
export class SyncWait {
  names: SyncNames | undefined;
  text: string;
  private isWaiting: boolean;
  private readonly process: Process;
  private readonly senders: () => readonly Connection[];
  private waiters: Waiter[] = [];
  private busyUntilMs = 0;
  private isRead = true;

  constructor(process: Process, text: string | undefined, senders: () => readonly Connection[]) {
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
    this.release();
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
    else {
      this.waiters.push({ lsn, acknowledge });
      this.release();
    }
  }

  /** Called whenever a standby has acknowledged more. */
  release(): void {
    const { names } = this;
    if (names === undefined || this.waiters.length === 0) return;
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
