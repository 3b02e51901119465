import type { PrimaryStatus, Sender } from '../model/local-postgres.ts';
import type { Lsn } from '../model/lsn.ts';
import { isSameName } from './sync-names.ts';

/** A member that may be a synchronous standby at all: running, another than the leader, not tagged nosync. */
export interface SyncMember {
  readonly name: string;
  /** `sync_priority`: higher is chosen first. */
  readonly priority: number;
  /** Chosen last, since it cannot take over. */
  readonly nofailover: boolean;
  /** Whom it says it streams from; undefined: the leader. */
  readonly replicatefrom: string | undefined;
}

export interface Acknowledging {
  readonly primary: PrimaryStatus;
  readonly members: readonly SyncMember[];
  /** Slot through which a member must stream for its acknowledgement to be its own; undefined where slots are off. */
  readonly slotOf: (name: string) => string | undefined;
  /** Connections that look alive and are not. */
  readonly stalled: ReadonlySet<string>;
  readonly voters: readonly string[];
}

/** A standby whose acknowledgement counts. */
export interface Standby extends SyncMember {
  /** What it holds on disk. */
  readonly flushLsn: Lsn;
  /** The position that commits wait for, by the server's `synchronous_commit`. */
  readonly lsn: Lsn;
}

/** The position that a commit waits for. */
export function waitedLsn(sender: Sender, synchronousCommit: string): Lsn | undefined {
  if (synchronousCommit === 'remote_apply') return sender.replayLsn;
  return synchronousCommit === 'remote_write' ? sender.writeLsn : sender.flushLsn;
}

/** Its one connection, through its own slot. Another of the same name could acknowledge in its stead (safety-findings F10). */
function connectionOf(member: SyncMember, { primary, slotOf }: Acknowledging): Sender | undefined {
  const slot = slotOf(member.name);
  const streaming = primary.senders.filter(({ name, state }) => state === 'streaming' && isSameName(name, member.name));
  const [only] = streaming;
  if (only === undefined || (slot !== undefined && streaming.some((sender) => sender.slot !== slot))) return undefined;
  return only;
}

function standbyOf(member: SyncMember, of: Acknowledging): Standby | undefined {
  const sender = connectionOf(member, of);
  const lsn = sender === undefined ? undefined : waitedLsn(sender, of.primary.sync.synchronousCommit);
  if (sender?.flushLsn === undefined || lsn === undefined || of.stalled.has(member.name)) return undefined;
  return { ...member, flushLsn: sender.flushLsn, lsn };
}

/** Follows `replicatefrom` upwards; a circle ends where it began. */
function topOf(member: SyncMember, members: readonly SyncMember[]): SyncMember {
  const passed = new Set<SyncMember>();
  let top = member;
  while (!passed.has(top)) {
    passed.add(top);
    const { replicatefrom } = top;
    const next = members.find((each) => replicatefrom !== undefined && isSameName(each.name, replicatefrom));
    if (next === undefined) return top;
    top = next;
  }
  return top;
}

/** It is to stream from another standby, which does stream from here: its own connection will not last. */
function isToCascade(member: SyncMember, of: Acknowledging): boolean {
  const top = topOf(member, of.members);
  return top !== member && connectionOf(top, of) !== undefined;
}

/** Those that do not lag more than `maximum_lag_on_syncnode`; 0 or less: no limit. */
export function withinLag(
  all: readonly Standby[],
  { primary, maximumLagBytes }: Pick<Acknowledging, 'primary'> & { readonly maximumLagBytes: number },
): readonly Standby[] {
  if (maximumLagBytes <= 0) return all;
  const furthest = all.reduce((max, each) => (each.lsn > max ? each.lsn : max), 0n);
  const reference = all.length > 1 ? furthest : primary.flushLsn;
  return all.filter(({ lsn }) => reference - lsn <= BigInt(maximumLagBytes));
}

/**
 * Everybody who acknowledges, however far behind, the best first: who could take over, then by priority, then who is a voter
 * already, so that nothing moves without need, then the most advanced.
 */
export function acknowledgingStandbys(of: Acknowledging): readonly Standby[] {
  const all = of.members
    .filter((member) => !isToCascade(member, of))
    .map((member) => standbyOf(member, of))
    .filter((standby) => standby !== undefined);
  const isVoter = ({ name }: Standby): number => (of.voters.some((voter) => isSameName(voter, name)) ? 0 : 1);
  return all.toSorted(
    (a, b) =>
      Number(a.nofailover) - Number(b.nofailover) ||
      b.priority - a.priority ||
      isVoter(a) - isVoter(b) ||
      Number(b.lsn > a.lsn) - Number(a.lsn > b.lsn) ||
      (a.name < b.name ? -1 : 1),
  );
}
