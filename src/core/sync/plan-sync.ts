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
  const names = [...flushed.keys()].toSorted((a, b) => {
    const byRank = rank(a) - rank(b);
    if (byRank !== 0) return byRank;
    const ahead = (flushed.get(b) ?? 0n) - (flushed.get(a) ?? 0n);
    if (ahead !== 0n) return ahead > 0n ? 1 : -1;
    return a < b ? -1 : 1;
  });
  return names.slice(0, Math.max(1, input.count)).toSorted();
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
    };
  }
  if (namesInForce !== '' && namesInForce === input.lastSet) {
    return { why: 'nobody needs to be waited for', setNames: null, mark: null };
  }
  return undefined;
}

/** /sync is not ours to rest on yet: an unknown write is settled by writing, and a new reign begins with nobody. */
function takeCharge({ me, sync, unsettled }: SyncInput): SyncMove | undefined {
  if (sync.value.leader !== me) {
    const writeSync = { leader: me, voters: [], quorum: 0 };
    return { why: 'synchronous replication is switched on', writeSync, mark: null };
  }
  if (!unsettled) return undefined;
  return { why: 'an earlier write of /sync may still land: written again as it stands', writeSync: sync.value };
}

/** Who is told of in /sync and still acknowledges every commit. */
function keptVoters(input: SyncInput, chosen: readonly string[]): readonly string[] {
  const inServer = parseSyncNames(input.primary.sync.names);
  if (!inServer.ours) return [];
  return input.sync.value.voters.filter((name) => chosen.includes(name) && inServer.names.includes(name));
}

/** What the setting is to become; undefined: it is that already. */
function newNames({ primary, strict }: SyncInput, chosen: readonly string[]): string | null | undefined {
  const wanted = formatSyncNames(chosen) ?? (strict ? STRICT_PLACEHOLDER : undefined);
  return (wanted ?? '') === primary.sync.names ? undefined : (wanted ?? null);
}

/**
 * Priority mode by the rules of safety.md, "What /sync rests on": raise what commits wait for first, then /sync; lower /sync
 * first. Pure and stateless but for the mark, so an interruption at any point is just the next input.
 */
export function planSync(input: SyncInput): SyncMove | undefined {
  const { me, sync, primary } = input;
  if (!input.enabled) return switchOff(input, primary.sync.names);
  const first = takeCharge(input);
  if (first !== undefined) return first;

  const chosen = chooseStandbys(input);
  const kept = keptVoters(input, chosen);
  const names = newNames(input, chosen);
  // The checkpointer reads nothing during a forced checkpoint, and it decides whether commits wait at all.
  const mustWait = primary.sync.names === '' && names !== undefined && input.checkpointAhead;
  const setting = names === undefined || mustWait ? {} : { setNames: names, mark: null };

  if (!same(kept, sync.value.voters)) {
    const gone = sync.value.voters.filter((name) => !kept.includes(name)).join(', ');
    const writeSync = { leader: me, voters: kept, quorum: 0 };
    return { why: `${gone} no longer acknowledges commits`, writeSync, ...setting };
  }
  if (mustWait) return { why: 'a checkpoint runs: no first standby before it has ended' };
  if (names !== undefined) return { why: `commits are to wait for ${chosen.join(', ') || 'nobody'}`, ...setting };
  const joining = chosen.filter((name) => !kept.includes(name));
  return joining.length === 0 ? undefined : admit(input, chosen, joining);
}

/** The setting is written; whoever has flushed a mark taken while it was in force holds everything acknowledged. */
function admit(input: SyncInput, chosen: readonly string[], joining: readonly string[]): SyncMove {
  const { primary, sync, me, mark } = input;
  const names = primary.sync.names;
  if (!inForce(input, chosen)) return { why: `waiting for ${names} to be in force` };
  if (mark === undefined || mark.names !== names) {
    return { why: `${names} is in force: mark taken`, mark: { names, lsn: primary.flushLsn } };
  }
  const passed = joining.filter((name) =>
    primary.senders.some((row) => row.name === name && acknowledges(row, input) && (row.flushLsn ?? 0n) >= mark.lsn),
  );
  if (passed.length === 0) return { why: `waiting for ${joining.join(', ')} to pass the mark` };
  const voters = [...sync.value.voters, ...passed].toSorted();
  return {
    why: `${passed.join(', ')} holds every acknowledged commit`,
    writeSync: { leader: me, voters, quorum: 0 },
  };
}
