import { accessSync, closeSync, constants, openSync, writeSync } from 'node:fs';
import type { WatchdogState } from '../../core/model/watchdog.ts';
import type { Watchdog } from '../../ports/watchdog.ts';
import type { WatchdogIoctl } from './native-ioctl.ts';

export interface WatchdogDevice {
  readonly device: string;
  /** testing: a file or FIFO that is written what a device would be told. */
  readonly driver: 'default' | 'testing';
}

interface Open extends WatchdogDevice {
  readonly fd: number;
  readonly timeoutS: number;
  readonly canDisarm: boolean;
}

export interface DeviceWatchdogParts {
  /** As configured now. */
  readonly wanted: () => WatchdogDevice;
  /** Why there is none is the other answer. */
  readonly ioctl: () => Promise<WatchdogIoctl | string>;
  readonly note: (text: string) => void;
}

/** A device that could not be armed is tried again after this time. */
const TRY_AGAIN_MS = 10_000;

export class DeviceWatchdog implements Watchdog {
  readonly #parts: DeviceWatchdogParts;
  #open: Open | undefined;
  #refused: { readonly why: string; readonly atMs: number } | undefined;

  constructor(parts: DeviceWatchdogParts) {
    this.#parts = parts;
  }

  state(): WatchdogState {
    const { device, driver } = this.#parts.wanted();
    const open = this.#open;
    // Another device is wanted now: this one is armed anew.
    if (open !== undefined && (open.device !== device || open.driver !== driver)) return { kind: 'idle' };
    if (open !== undefined) return { kind: 'armed', timeoutS: open.timeoutS };
    if (this.#refused !== undefined && performance.now() - this.#refused.atMs < TRY_AGAIN_MS)
      return { kind: 'unusable', why: this.#refused.why };
    const why = whyNotWritable(device);
    return why === undefined ? { kind: 'idle' } : { kind: 'unusable', why };
  }

  async arm(timeoutS: number): Promise<WatchdogState> {
    const wanted = this.#parts.wanted();
    const ioctl = wanted.driver === 'testing' ? undefined : await this.#parts.ioctl();
    if (typeof ioctl === 'string') return this.#refuse(ioctl);
    if (this.state().kind === 'idle') this.disarm();
    try {
      this.#open = told(this.#open?.fd ?? openDevice(wanted), wanted, timeoutS, ioctl);
    } catch (error) {
      return this.#refuse(`${wanted.device} cannot be opened: ${reason(error)}`);
    }
    return this.#settle(this.#open, timeoutS);
  }

  /** A device that has made more of the timeout than it was told protects nobody. */
  #settle({ device, canDisarm, timeoutS: actualS }: Open, wantedS: number): WatchdogState {
    if (!(actualS >= 1 && actualS <= wantedS)) {
      this.disarm();
      return this.#refuse(`${device} cannot be set to ${wantedS} s`);
    }
    if (!canDisarm) this.#parts.note(`${device} cannot be disarmed: when it is let go, it resets the machine`);
    this.#refused = undefined;
    this.keepAlive();
    return this.state();
  }

  keepAlive(): string | undefined {
    return this.#write('1');
  }

  disarm(): WatchdogState {
    const open = this.#open;
    if (open === undefined) return { kind: 'idle' };
    if (!open.canDisarm) this.#parts.note(`${open.device} is let go without being disarmed; it will reset the machine`);
    this.#write(open.canDisarm ? 'V' : '1');
    this.#open = undefined;
    try {
      closeSync(open.fd);
    } catch (error) {
      this.#parts.note(`${open.device} was not closed: ${reason(error)}`);
    }
    return this.state();
  }

  #write(text: string): string | undefined {
    if (this.#open === undefined) return 'it is not open';
    try {
      writeSync(this.#open.fd, text);
      return undefined;
    } catch (error) {
      return reason(error);
    }
  }

  #refuse(why: string): WatchdogState {
    if (this.#refused?.why !== why) this.#parts.note(`the watchdog cannot be used: ${why}`);
    this.#refused = { why, atMs: performance.now() };
    return { kind: 'unusable', why };
  }
}

function openDevice({ device, driver }: WatchdogDevice): number {
  // A FIFO without a reader would keep a writer waiting, and the agent with it.
  const mode = driver === 'testing' ? constants.O_RDWR | constants.O_APPEND : constants.O_WRONLY;
  return openSync(device, mode | constants.O_NONBLOCK);
}

function told(fd: number, wanted: WatchdogDevice, timeoutS: number, ioctl: WatchdogIoctl | undefined): Open {
  if (ioctl === undefined) {
    writeSync(fd, `Ctimeout=${timeoutS}\n`);
    return { ...wanted, fd, timeoutS, canDisarm: true };
  }
  const actualS = ioctl.setTimeout(fd, timeoutS) ?? Number.POSITIVE_INFINITY;
  return { ...wanted, fd, timeoutS: actualS, canDisarm: ioctl.canDisarm(fd) };
}

function whyNotWritable(device: string): string | undefined {
  try {
    accessSync(device, constants.W_OK);
    return undefined;
  } catch (error) {
    return `${device} cannot be written: ${reason(error)}`;
  }
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
