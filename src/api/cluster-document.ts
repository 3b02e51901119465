import type { ClusterView, Member, MemberData } from '../core/model/cluster.ts';
import { type Lsn, lsnToText } from '../core/model/lsn.ts';

export type MemberRoleShown = 'leader' | 'standby_leader' | 'sync_standby' | 'quorum_standby' | 'replica';

/** `unknown` where the member has not told. */
export type LagShown = { readonly lag: bigint; readonly lsn: string } | 'unknown';

/** One member as `GET /cluster` and `kornakctl list` show it. */
export interface ShownMember {
  readonly name: string;
  readonly role: MemberRoleShown;
  readonly state: string;
  readonly data: MemberData;
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** undefined: it leads, and is behind nobody. */
  readonly lags: { readonly receive: LagShown; readonly replay: LagShown; readonly any: LagShown } | undefined;
}

/** By name. */
export function shownMembers(view: ClusterView): readonly ShownMember[] {
  return view.members.map((member) => shownMember(member, view));
}

/** The document of `GET /cluster`. */
export function clusterDocument(view: ClusterView, scope: string): Readonly<Record<string, unknown>> {
  const { scheduledAt, leader, candidate } = view.failover.value ?? {};
  return {
    members: shownMembers(view).map(memberFields),
    pause: view.config.value?.paused === true ? true : undefined,
    scheduled_switchover: scheduledAt === undefined ? undefined : { at: scheduledAt, from: leader, to: candidate },
    scope,
  };
}

function shownMember(member: Member, view: ClusterView): ShownMember {
  const { name, data } = member;
  const role = roleOf(member, view);
  const optime = view.status.optime;
  const isLeader = role === 'leader' || role === 'standby_leader';
  return {
    name,
    role,
    state: role === 'leader' ? data.state : (data.replicationState ?? data.state),
    data,
    ...addressOf(data.connUrl),
    lags: isLeader
      ? undefined
      : {
          receive: lagOf(data.receiveLsn, optime),
          replay: lagOf(data.replayLsn, optime),
          any: lagOf(data.xlogLocation, optime),
        },
  };
}

function roleOf({ name, data }: Member, view: ClusterView): MemberRoleShown {
  if (name === view.leader?.name) return data.role === 'standby_leader' ? 'standby_leader' : 'leader';
  const mode = view.config.value?.synchronousMode ?? 'off';
  const isVoter = view.sync.value.voters.some((voter) => voter.toLowerCase() === name.toLowerCase());
  if (!isVoter || mode === 'off') return 'replica';
  return mode === 'quorum' ? 'quorum_standby' : 'sync_standby';
}

function lagOf(lsn: Lsn | undefined, optime: Lsn | undefined): LagShown {
  if (lsn === undefined || lsn === 0n) return 'unknown';
  const lag = (optime ?? 0n) - lsn;
  return { lag: lag > 0n ? lag : 0n, lsn: lsnToText(lsn) };
}

const ADDRESS = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?(?:\[([^\]]*)\]|([^:/?]*))(?::(\d{1,5}))?(?:[/?]|$)/;

function addressOf(connUrl: string | undefined): Pick<ShownMember, 'host' | 'port'> {
  const match = connUrl === undefined ? null : ADDRESS.exec(connUrl);
  if (match === null) return { host: undefined, port: undefined };
  return { host: match[1] ?? match[2], port: match[3] === undefined ? 5432 : Number(match[3]) };
}

function memberFields({ name, role, state, data, host, port, lags }: ShownMember): Readonly<Record<string, unknown>> {
  return {
    name,
    role,
    state,
    api_url: data.apiUrl,
    host,
    port,
    timeline: data.timeline,
    pending_restart: data.pendingRestart,
    pending_restart_reason: data.pendingRestartReason,
    scheduled_restart: data.scheduledRestart,
    tags: data.tags,
    ...(lags === undefined
      ? {}
      : {
          receive_lag: lags.receive === 'unknown' ? 'unknown' : lags.receive.lag,
          receive_lsn: lags.receive === 'unknown' ? 'unknown' : lags.receive.lsn,
          replay_lag: lags.replay === 'unknown' ? 'unknown' : lags.replay.lag,
          replay_lsn: lags.replay === 'unknown' ? 'unknown' : lags.replay.lsn,
          lag: lags.any === 'unknown' ? 'unknown' : lags.any.lag,
          lsn: lags.any === 'unknown' ? 'unknown' : lags.any.lsn,
        }),
  };
}
