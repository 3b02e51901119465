import type { ClusterView } from '../model/cluster.ts';
import { type Lsn, LSN_ZERO, type WalPosition } from '../model/lsn.ts';

/** How far the WAL of whoever led last reached, as far as the store remembers. */
export interface Remembered {
  readonly lsn: Lsn;
  /** undefined: it comes from a /status without a timeline, such as Patroni's. */
  readonly timeline: number | undefined;
  /** Nothing was written behind it by who led last. */
  readonly final: boolean;
}

export function rememberedOf({ last, status, reign }: ClusterView): Remembered | undefined {
  const { optime } = status;
  const record = last.value;
  // A Patroni leader tells /status alone.
  if (record === undefined || (optime !== undefined && optime > record.lsn))
    return optime === undefined ? undefined : { lsn: optime, timeline: undefined, final: false };
  const { lsn, timeline } = record;
  return { lsn, timeline, final: record.final && record.reign === reign.revision };
}

/** Nobody has led since this member told its position in the newest reign, be it of Kornak or, by what it writes to /status, of Patroni. */
export function ledLast(name: string, { last, reign, status }: ClusterView): boolean {
  const record = last.value;
  if (record?.name !== name || record.reign !== reign.revision) return false;
  return (status.optime ?? record.lsn) <= record.lsn;
}

/** Whoever told last told both keys, as ours do: a leader of Patroni's tells /status alone, and goes on behind what ours told. */
export function hasPatroniTold({ last, status }: ClusterView): boolean {
  return (status.optime ?? LSN_ZERO) > (last.value?.lsn ?? LSN_ZERO);
}

/** A crash cuts off a record that was not whole; no record is as long. */
const LAST_RECORD_MAX = 16n * 1024n * 1024n;

/** Its WAL ends far before what this very member told of it in the newest reign: its disk, or its machine, was put back. */
export function wasPutBack(name: string, view: ClusterView, position: WalPosition): boolean {
  return ledLast(name, view) && bytesBehind(view, position) > LAST_RECORD_MAX;
}

/** How many of the bytes that the store remembers are not in WAL that reaches to `position`. */
export function bytesBehind(view: ClusterView, position: WalPosition): bigint {
  const remembered = rememberedOf(view);
  if (remembered === undefined) return 0n;
  const { lsn, timeline } = remembered;
  const ahead = timeline !== undefined && position.timeline > timeline ? (view.status.optime ?? lsn) : lsn;
  const behind = ahead - sharedReach(view, position, timeline);
  return behind > 0n ? behind : 0n;
}

/** Of a tail on an older timeline only what lies before the fork is part of the newer one. */
function sharedReach({ history }: ClusterView, position: WalPosition, timeline: number | undefined): bigint {
  if (timeline === undefined || position.timeline >= timeline) return position.lsn;
  const fork = (history.value ?? []).find((entry) => entry.timeline === position.timeline);
  return fork !== undefined && fork.lsn < position.lsn ? fork.lsn : position.lsn;
}

/** WAL that reaches to `position` holds everything that who led last has written. */
export function holdsEverything(view: ClusterView, position: WalPosition): boolean {
  const remembered = rememberedOf(view);
  if (remembered === undefined || !remembered.final || remembered.timeline === undefined) return false;
  return position.timeline >= remembered.timeline && position.lsn >= remembered.lsn;
}

/** The newest timeline that the store knows somebody to have led on. */
export function clusterTimeline({ last, history }: ClusterView): number {
  const ended = (history.value ?? []).map((entry) => entry.timeline);
  return Math.max(last.value?.timeline ?? 0, ...ended.map((timeline) => timeline + 1));
}
