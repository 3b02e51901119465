import type { Keyed, SyncState } from '../model/cluster.ts';
import type { PrimaryStatus, Sender } from '../model/local-postgres.ts';
import type { SyncMark } from '../model/memory.ts';
import { formatSyncNames, parseSyncNames, STRICT_PLACEHOLDER } from './sync-names.ts';

export interface SyncInput {
  readonly me: string;
  readonly sync: Keyed<SyncState>;
  readonly primary: PrimaryStatus;
  /** Members that may be synchronous standbys at all: running, not tagged nosync. */
  readonly eligible: ReadonlySet<string>;
  /** Tagged nofailover: chosen last, since they cannot take over. */
  readonly reluctant: ReadonlySet<string>;
  /** Slot through which a member must stream for its acknowledgement to be its own; undefined where slots are off. */
  readonly slotOf: (name: string) => string | undefined;
  readonly enabled: boolean;
  readonly strict: boolean;
  readonly count: number;
  readonly mark: SyncMark | undefined;
  readonly unsettled: boolean;
  /** What the core last had written to the setting: told apart from a setting of the user's own. */
  readonly lastSet: string | undefined;
  /** A forced checkpoint runs or is still to come in this reign: the checkpointer reads no setting meanwhile. */
  readonly checkpointAhead: boolean;
}

/** The next move of synchronous replication: at most one change of /sync, then at most one of the setting. */
export interface SyncMove {
  readonly why: string;
  readonly writeSync?: SyncState;
  readonly deleteSync?: true;
  /** Text for `synchronous_standby_names`; null: none. */
  readonly setNames?: string | null;
  readonly mark?: SyncMark | null;
  /** Nothing more to do until something changes. */
  readonly settled: boolean;
}

function acknowledges(sender: Sender, input: SyncInput): boolean {
  const slot = input.slotOf(sender.name);
  if (sender.state !== 'streaming' || sender.flushLsn === undefined) return false;
  return input.eligible.has(sender.name) && (slot === undefined || sender.slot === slot);
}

/** Who commits should wait for: present voters first, so that nothing moves without need, then the most advanced. */
function chooseStandbys(input: SyncInput): string[] {
  const { voters } = input.sync.value;
  const flushed = new Map<string, bigint>();
  for (const sender of input.primary.senders) {
    if (acknowledges(sender, input)) flushed.set(sender.name, sender.flushLsn ?? 0n);
  }
  const rank = (name: string): number => (input.reluctant.has(name) ? 2 : 0) + (voters.includes(name) ? 0 : 1);
  const names = [...flushed.keys()].sort((a, b) => {
    const byRank = rank(a) - rank(b);
    if (byRank !== 0) return byRank;
    const ahead = (flushed.get(b) ?? 0n) - (flushed.get(a) ?? 0n);
    if (ahead !== 0n) return ahead > 0n ? 1 : -1;
    return a < b ? -1 : 1;
  });
  return names.slice(0, Math.max(1, input.count)).sort();
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** The server waits for exactly these names, its walsenders know it, and so does the checkpointer. */
function inForce(input: SyncInput, wanted: readonly string[]): boolean {
  const { sync, senders } = input.primary;
  const told = senders.every((sender) => sender.syncPriority > 0 === wanted.includes(sender.name));
  return sync.checkpointerIdleSinceReload && told;
}

function switchOff(input: SyncInput, namesInForce: string): SyncMove | undefined {
  if (input.sync.value.leader !== undefined) {
    return {
      why: 'synchronous replication is switched off',
      deleteSync: true,
      setNames: null,
      mark: null,
      settled: false,
    };
  }
  if (namesInForce !== '' && namesInForce === input.lastSet) {
    return { why: 'nobody needs to be waited for', setNames: null, mark: null, settled: false };
  }
  return undefined;
}

/**
 * Priority mode by the rules of safety.md, "What /sync rests on": raise what commits wait for first, then /sync; lower /sync first.
 * Pure and stateless but for the mark, so an interruption at any point is just the next input.
 */
export function planSync(input: SyncInput): SyncMove | undefined {
  const { me, sync, primary, mark } = input;
  const names = primary.sync.names;
  if (!input.enabled) return switchOff(input, names);
  if (input.unsettled && sync.value.leader === me) {
    return {
      why: 'an earlier write of /sync may still land: written again as it stands',
      writeSync: sync.value,
      settled: false,
    };
  }
  if (sync.value.leader !== me) {
    return {
      why: 'synchronous replication is switched on',
      writeSync: { leader: me, voters: [], quorum: 0 },
      mark: null,
      settled: false,
    };
  }
  const inServer = parseSyncNames(names);
  const chosen = chooseStandbys(input);
  const kept = sync.value.voters.filter(
    (name) => chosen.includes(name) && inServer.ours && inServer.names.includes(name),
  );
  const wantedText = formatSyncNames(chosen) ?? (input.strict ? STRICT_PLACEHOLDER : undefined);
  const setNames = (wantedText ?? '') === names ? {} : { setNames: wantedText ?? null, mark: null };
  const waitForCheckpointer = names === '' && wantedText !== undefined && input.checkpointAhead;

  if (!same(kept, sync.value.voters)) {
    const gone = sync.value.voters.filter((name) => !kept.includes(name)).join(', ');
    return {
      why: `${gone} no longer acknowledges commits`,
      writeSync: { leader: me, voters: kept, quorum: 0 },
      ...(waitForCheckpointer ? {} : setNames),
      settled: false,
    };
  }
  if ('setNames' in setNames) {
    if (waitForCheckpointer) return { why: 'a checkpoint runs: no first standby before it has ended', settled: false };
    return { why: `commits are to wait for ${chosen.join(', ') || 'nobody'}`, ...setNames, settled: false };
  }
  const joining = chosen.filter((name) => !kept.includes(name));
  if (joining.length === 0) return undefined;
  return admit(input, chosen, joining, mark);
}

/** The setting is written; whoever has flushed a mark taken while it was in force holds everything acknowledged. */
function admit(
  input: SyncInput,
  chosen: readonly string[],
  joining: readonly string[],
  mark: SyncMark | undefined,
): SyncMove {
  const { primary, sync, me } = input;
  const names = primary.sync.names;
  if (!inForce(input, chosen)) return { why: `waiting for ${names} to be in force`, settled: false };
  if (mark === undefined || mark.names !== names) {
    return { why: `${names} is in force: mark taken`, mark: { names, lsn: primary.flushLsn }, settled: false };
  }
  const passed = joining.filter((name) =>
    primary.senders.some((row) => row.name === name && acknowledges(row, input) && (row.flushLsn ?? 0n) >= mark.lsn),
  );
  if (passed.length === 0) return { why: `waiting for ${joining.join(', ')} to pass the mark`, settled: false };
  const voters = [...sync.value.voters, ...passed].sort();
  return {
    why: `${passed.join(', ')} holds every acknowledged commit`,
    writeSync: { leader: me, voters, quorum: 0 },
    settled: false,
  };
}
