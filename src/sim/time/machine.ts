import type { CancelTimer, Clock } from '../../ports/clock.ts';
import type { Agenda } from './agenda.ts';
import type { Chance } from './chance.ts';
import type { Process } from './process.ts';

/** Where wall time begins. */
const WALL_START_S = 1_790_000_000;

/** Timers come a little late, never early by the clock they were set by, whatever the rounding. */
const TIMER_SLACK_MS = 0.01;

/** A computer: its clock, which may run a little fast or slow, and the programs on it. */
export class Machine {
  readonly name: string;
  readonly agenda: Agenda;
  readonly chance: Chance;
  /** Milliseconds that its clock counts in a true one. */
  readonly clockRate: number;
  readonly processes = new Set<Process>();
  up = true;
  frozen = false;
  /** True time of the last thaw, for what is excused right after one. */
  thawedAtMs = Number.NEGATIVE_INFINITY;
  /** True time of the last boot. */
  upSinceMs = 0;
  /** Its clock stands still while it does. */
  stopsAsleep = false;
  private frozenAtMs = 0;
  private bootedAtMs: number;

  constructor(name: string, agenda: Agenda, chance: Chance, clockRate: number) {
    this.name = name;
    this.agenda = agenda;
    this.chance = chance;
    this.clockRate = clockRate;
    this.bootedAtMs = agenda.nowMs - chance.between(1e4, 1e8);
  }

  bootMs(): number {
    const nowMs = this.stopsAsleep && this.frozen ? this.frozenAtMs : this.agenda.nowMs;
    return (nowMs - this.bootedAtMs) * this.clockRate;
  }

  /** True time until this machine's clock shows `bootMs`. */
  untilMs(bootMs: number): number {
    return (bootMs - this.bootMs()) / this.clockRate + TIMER_SLACK_MS;
  }

  freeze(): void {
    if (!this.frozen) this.frozenAtMs = this.agenda.nowMs;
    this.frozen = true;
  }

  thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.thawedAtMs = this.agenda.nowMs;
    if (this.stopsAsleep) this.bootedAtMs += this.agenda.nowMs - this.frozenAtMs;
    for (const process of this.processes) process.thaw();
  }

  /** Power loss: every program is gone, the disk stays. */
  crash(): void {
    this.up = false;
    this.frozen = false;
    for (const process of this.processes) process.kill();
  }

  boot(): void {
    this.up = true;
    this.upSinceMs = this.agenda.nowMs;
    this.bootedAtMs = this.agenda.nowMs - this.chance.between(1000, 9000);
  }
}

/** The clock as one program on the machine sees it. */
export function clockOf(process: Process): Clock {
  const { machine } = process;
  return {
    bootMs: () => machine.bootMs(),
    wallAt: () => wallAt(machine.agenda.nowMs),
    after: (delayMs: number, fire: () => void): CancelTimer =>
      process.after(delayMs / machine.clockRate + TIMER_SLACK_MS, fire),
  };
}

/** ISO 8601 from true time, without the Date that would bring the real one along. */
export function wallAt(nowMs: number): string {
  const ms = Math.floor(nowMs) % 1000;
  const total = WALL_START_S + Math.floor(nowMs / 1000);
  const days = Math.floor(total / 86400);
  const [year, month, day] = civilFromDays(days);
  const [hour, minute, second] = [Math.floor((total % 86400) / 3600), Math.floor((total % 3600) / 60), total % 60];
  return `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}.${String(ms).padStart(3, '0')}+00:00`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function civilFromDays(days: number): readonly [number, number, number] {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return [
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  ];
}
