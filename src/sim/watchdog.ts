import type { WatchdogState } from '../core/model/watchdog.ts';
import type { Watchdog } from '../ports/watchdog.ts';
import type { Agenda } from './time/agenda.ts';

/** The device of one machine, on its own clock: it goes on while the machine is frozen, and when its program is gone. */
export class WatchdogDevice {
  private readonly agenda: Agenda;
  private readonly onReset: () => void;
  private timeoutMs: number | undefined;
  private call = 0;

  constructor(agenda: Agenda, onReset: () => void) {
    this.agenda = agenda;
    this.onReset = onReset;
  }

  set(timeoutMs: number | undefined): void {
    this.timeoutMs = timeoutMs;
    this.keepAlive();
  }

  keepAlive(): void {
    const call = ++this.call;
    if (this.timeoutMs === undefined) return;
    this.agenda.after(this.timeoutMs, () => {
      if (call !== this.call) return;
      this.timeoutMs = undefined;
      this.onReset();
    });
  }
}

/** One agent's hold on it. Another agent finds it armed and does not know. */
export class WatchdogHandle implements Watchdog {
  private readonly device: WatchdogDevice;
  private readonly isBroken: () => boolean;
  private timeoutS: number | undefined;

  constructor(device: WatchdogDevice, isBroken: () => boolean) {
    this.device = device;
    this.isBroken = isBroken;
  }

  state(): WatchdogState {
    if (this.timeoutS !== undefined) return { kind: 'armed', timeoutS: this.timeoutS };
    return this.isBroken() ? { kind: 'unusable', why: 'no such device' } : { kind: 'idle' };
  }

  arm(timeoutS: number): Promise<WatchdogState> {
    if (this.isBroken()) return Promise.resolve(this.state());
    this.timeoutS = timeoutS;
    this.device.set(timeoutS * 1000);
    return Promise.resolve(this.state());
  }

  keepAlive(): string | undefined {
    this.device.keepAlive();
    return undefined;
  }

  disarm(): WatchdogState {
    this.timeoutS = undefined;
    this.device.set(undefined);
    return this.state();
  }
}
