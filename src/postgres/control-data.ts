import { join } from 'node:path';
import { LSN_ZERO, lsnFromText, type Lsn } from '../core/model/lsn.ts';
import type { ControlData, ControlState } from '../core/model/local-postgres.ts';
import type { Deadline } from './deadline.ts';
import { lastLines, runProgram } from './run-program.ts';

export interface ControlFile {
  readonly control: ControlData;
  /** Parameters that a standby must not start below, by their names in postgresql.conf. */
  readonly standbyMinimums: ReadonlyMap<string, number>;
}

const STATES: readonly ControlState[] = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
];

const MINIMUMS: readonly (readonly [label: string, parameter: string])[] = [
  ['max_connections setting', 'max_connections'],
  ['max_worker_processes setting', 'max_worker_processes'],
  ['max_wal_senders setting', 'max_wal_senders'],
  ['max_prepared_xacts setting', 'max_prepared_transactions'],
  ['max_locks_per_xact setting', 'max_locks_per_transaction'],
];

/** Asks pg_controldata; a text instead of the answer says why there is none. */
export async function readControlData(
  binDir: string,
  dataDir: string,
  deadline: Deadline,
): Promise<ControlFile | string> {
  const program = join(binDir, 'pg_controldata');
  const result = await runProgram({ program, args: [dataDir], runAs: undefined, deadline, env: { LC_ALL: 'C' } });
  if (result.kind !== 'exited' || result.code !== 0) {
    return `${program} could not read ${dataDir}: ${lastLines(result.stderr, 3)}`;
  }
  return controlDataFromText(result.stdout) ?? `${program} says nothing about ${dataDir} that is understood here`;
}

export function controlDataFromText(text: string): ControlFile | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).replace(/^Current /, ''), line.slice(colon + 1).trim());
  }
  const state = STATES.find((known) => known === fields.get('Database cluster state'));
  const systemId = fields.get('Database system identifier');
  const checkpointLsn = lsnFromText(fields.get('Latest checkpoint location') ?? '');
  if (state === undefined || systemId === undefined || checkpointLsn === undefined) return undefined;
  const position = (label: string): Lsn => lsnFromText(fields.get(label) ?? '') ?? LSN_ZERO;
  return {
    control: {
      state,
      systemId,
      checkpointLsn,
      checkpointTimeline: Number(fields.get("Latest checkpoint's TimeLineID") ?? 0),
      minRecoveryEndLsn: position('Minimum recovery ending location'),
      minRecoveryEndTimeline: Number(fields.get("Min recovery ending loc's timeline") ?? 0),
      rewindable: fields.get('wal_log_hints setting') === 'on' || Number(fields.get('Data page checksum version')) > 0,
    },
    standbyMinimums: minimumsOf(fields),
  };
}

function minimumsOf(fields: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [label, parameter] of MINIMUMS) {
    const value = Number(fields.get(label));
    if (fields.has(label) && Number.isInteger(value)) found.set(parameter, value);
  }
  return found;
}
