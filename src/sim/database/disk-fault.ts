import type { LocalHealth, VolumeState } from '../../core/model/health.ts';
import { NO_SERVER_HEALTH } from '../../core/model/health.ts';
import { seen } from '../../core/model/seen.ts';
import type { Disk } from './disk.ts';
import type { PgHost } from './world.ts';

const MIB = 1024 * 1024;
const FREE_BYTES = 1000 * MIB;
const LEFT_BYTES = 2 * MIB;

export type DiskFaultKind = 'stalled' | 'readOnly' | 'full';

/** What is wrong with a disk, and since when in true time. */
export interface DiskFault {
  readonly kind: DiskFaultKind;
  readonly sinceMs: number;
}

export function isStalled({ fault }: Disk): boolean {
  return fault?.kind === 'stalled';
}

/** Why a write is refused; undefined: it is not, though it may wait. */
export function writeRefusal({ fault }: Disk): string | undefined {
  if (fault?.kind === 'readOnly') return 'Read-only file system';
  return fault?.kind === 'full' ? 'No space left on device' : undefined;
}

/** Now, or once the disk answers again. */
export function whenItAnswers(disk: Disk, act: () => void): void {
  if (isStalled(disk)) disk.waiting.push(act);
  else act();
}

export function beginFault(disk: Disk, fault: DiskFault): void {
  disk.fault = fault;
}

export function endFault(disk: Disk): void {
  disk.fault = undefined;
  const { waiting } = disk;
  disk.waiting = [];
  for (const act of waiting) act();
}

/** What the disk helper and the probe by a new connection tell. */
export function healthOf(host: PgHost, nowMs: number): LocalHealth {
  const { disk, machine, server, orphans } = host;
  const toBootMs = (trueMs: number): number => machine.bootMs() - (nowMs - trueMs) * machine.clockRate;
  const { fault } = disk;
  const state: VolumeState = fault?.kind ?? 'ok';
  const volume = {
    path: '/data',
    state,
    sinceMs: fault === undefined ? 0 : toBootMs(fault.sinceMs),
    freeBytes: fault?.kind === 'full' ? LEFT_BYTES : FREE_BYTES,
    why: undefined,
  };
  const deafSinceMs = server?.deafSinceMs;
  return {
    server: { ...NO_SERVER_HEALTH, silentSinceMs: deafSinceMs === undefined ? undefined : toBootMs(deafSinceMs) },
    storage: seen(
      [
        { ...volume, use: 'data' },
        { ...volume, use: 'wal' },
      ],
      machine.bootMs(),
    ),
    leftovers: orphans === undefined ? 0 : 1,
  };
}
