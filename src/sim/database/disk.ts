import type { FollowTarget, ServerSettings } from '../../core/model/job.ts';
import type { ControlState, UnfinishedWork } from '../../core/model/local-postgres.ts';
import type { SimSlot } from './slots.ts';
import type { DiskFault } from './disk-fault.ts';
import type { WalEnd } from './wal.ts';

/** What a data directory holds. WAL here is flushed WAL: it survives every crash. */
export interface ClusterFiles {
  readonly systemId: string;
  log: WalEnd;
  control: ControlState;
  /** Where the last checkpoint's record begins, in the branch that it is part of. */
  checkpoint: WalEnd;
  /** As far as a standby has replayed at the least; what it has received beyond that only its WAL tells. */
  minRecoveryEnd: WalEnd;
  standbySignal: boolean;
  /** A copy that was never started. */
  backupLabel: boolean;
  settings: ServerSettings;
  follow: FollowTarget | undefined;
  /** WAL before this position has been removed here. */
  walFrom: number;
  readonly slots: Map<string, SimSlot>;
}

export interface Disk {
  /** undefined: the data directory is empty. */
  files: ClusterFiles | undefined;
  /** Noted beside the directory while an operation would leave it unusable. */
  unfinished: UnfinishedWork | undefined;
  lastError: string | undefined;
  /** The truth behind the mark: what lies there is neither the old data nor the new. */
  isTorn: boolean;
  /** What was written down before it was given up. */
  readonly records: DivergenceNote[];
  /** Diverged WAL does not fit beside the data. */
  isTight: boolean;
  fault: DiskFault | undefined;
  /** What goes on once a disk that stands still answers again. */
  waiting: (() => void)[];
  /** An agent noted a pause. */
  pauseNoted: boolean;
}

export interface DivergenceNote {
  readonly id: string;
  readonly end: WalEnd;
  readonly verdict: 'none' | 'diverged';
  isHeld: boolean;
}

export function emptyDisk(): Disk {
  return {
    files: undefined,
    unfinished: undefined,
    lastError: undefined,
    isTorn: false,
    records: [],
    isTight: false,
    fault: undefined,
    waiting: [],
    pauseNoted: false,
  };
}

export function newFiles(systemId: string, log: WalEnd, settings: ServerSettings): ClusterFiles {
  return {
    systemId,
    log,
    control: 'shut down',
    checkpoint: log,
    minRecoveryEnd: log,
    standbySignal: false,
    backupLabel: false,
    settings,
    follow: undefined,
    walFrom: 0,
    slots: new Map(),
  };
}

/** WAL that a voter could be asked for; a directory that is half made counts for nothing. */
export function heldBy(disk: Disk): WalEnd | undefined {
  return disk.unfinished === undefined ? disk.files?.log : undefined;
}
