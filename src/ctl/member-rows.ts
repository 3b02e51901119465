// The members of a cluster as rows of a table, whatever it is printed as.
import { type LagShown, type ShownMember, shownMembers } from '../api/cluster-document.ts';
import type { ClusterView, MemberData, Tags, TagValue } from '../core/model/cluster.ts';

/** '' where there is nothing to show. */
export interface MemberRow {
  readonly Member: string;
  readonly Host: string;
  readonly Role: string;
  readonly State: string;
  readonly TL: number | '';
  readonly 'Receive LSN': string;
  readonly 'Receive Lag': number | '';
  readonly 'Replay LSN': string;
  readonly 'Replay Lag': number | '';
  readonly 'Pending restart': string;
  /** Parameter and its change, one each. */
  readonly 'Pending restart reason': readonly string[];
  readonly 'Scheduled restart': string;
  /** What a member of ours tells against itself. */
  readonly Trouble: string;
  readonly Tags: Tags;
  /** On which rung it comes back, and why it does not follow. */
  readonly Healing: string;
}

export function memberRows(view: ClusterView): readonly MemberRow[] {
  const members = shownMembers(view);
  const hosts = members.map(({ host }) => host).filter((host) => host !== undefined);
  const withPort =
    members.some(({ port }) => port !== undefined && port !== 5432) || new Set(hosts).size < hosts.length;
  return members.map((member) => memberRow(member, withPort));
}

function memberRow(member: ShownMember, withPort: boolean): MemberRow {
  const { name, role, state, data, host, port } = member;
  return {
    Member: name,
    Host: host === undefined ? '' : withPort ? `${host}:${port ?? 5432}` : host,
    Role: role.replace('_', ' ').replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
    State: state,
    TL: data.timeline ?? '',
    ...lagCells(member),
    'Pending restart': data.pendingRestart === true ? '*' : '',
    'Pending restart reason': restartReasons(data),
    'Scheduled restart': scheduledRestart(data),
    Trouble: trouble(data),
    Tags: data.tags ?? {},
    Healing: healingText(data),
  };
}

function healingText({ kornak }: MemberData): string {
  const { rung, tries, why } = kornak?.healing ?? {};
  if (rung === undefined) return '';
  return `${rung}${tries === undefined || tries < 2 ? '' : ` (try ${tries})`}: ${why}`;
}

const UNFIT_TEXT = {
  hung: 'hung',
  stalled: 'disk stalled',
  readOnly: 'disk read-only',
  full: 'disk full',
  failing: 'disk fails',
} as const;

function trouble({ kornak }: MemberData): string {
  const left = kornak?.unfenced;
  return [
    ...(kornak?.unfit === undefined ? [] : [UNFIT_TEXT[kornak.unfit]]),
    ...(left === undefined ? [] : [`not fenced: ${left} processes outlive SIGKILL`]),
  ].join('; ');
}

type LagCells = Pick<MemberRow, 'Receive LSN' | 'Receive Lag' | 'Replay LSN' | 'Replay Lag'>;

/** A member of an old version tells one position only: what it means depends on whether it streams. */
function lagCells({ lags, state }: ShownMember): LagCells {
  if (lags === undefined) return { 'Receive LSN': '', 'Receive Lag': '', 'Replay LSN': '', 'Replay Lag': '' };
  const { receive, replay, any } = lags;
  const isOld = receive === 'unknown' && replay === 'unknown' && any !== 'unknown';
  const received = isOld && state === 'streaming' ? any : receive;
  const replayed = isOld && state !== 'streaming' ? any : replay;
  return {
    'Receive LSN': lsnCell(received),
    'Receive Lag': lagCell(received),
    'Replay LSN': lsnCell(replayed),
    'Replay Lag': lagCell(replayed),
  };
}

function lsnCell(lag: LagShown): string {
  return lag === 'unknown' ? lag : lag.lsn;
}

/** Whole MB, halves to the even one. */
function lagCell(lag: LagShown): number | '' {
  if (lag === 'unknown') return '';
  const megabytes = Number(lag.lag) / 1024 ** 2;
  const below = Math.floor(megabytes);
  if (megabytes - below !== 0.5) return Math.round(megabytes);
  return below % 2 === 0 ? below : below + 1;
}

function restartReasons({ pendingRestartReason = {} }: MemberData): readonly string[] {
  return Object.entries(pendingRestartReason)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([parameter, change]) => `${parameter}: ${field(change, 'old_value')}->${field(change, 'new_value')}`);
}

function scheduledRestart({ scheduledRestart: planned }: MemberData): string {
  const at = planned?.['schedule'];
  if (typeof at !== 'string') return '';
  const version = planned?.['postgres_version'];
  return typeof version === 'string' ? `${at} if version < ${version}` : at;
}

function field(value: TagValue, name: string): string {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return '';
  const found: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}
