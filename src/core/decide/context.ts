import { type DynamicConfig, decodeDynamicConfig, type SynchronousMode } from '../settings/dynamic-config.ts';
import type { ClusterView, LeaderKey, Member, Tags, UnguardedMark } from '../model/cluster.ts';
import type { ClusterEvent, EventKind } from '../model/event.ts';
import type { FollowTarget, Job, ServerSettings } from '../model/job.ts';
import type { ControlData, PrimaryStatus, StandbyStatus } from '../model/local-postgres.ts';
import type { Memory } from '../model/memory.ts';
import type { LeaseState, Observation } from '../model/observation.ts';
import type { Step } from '../model/plan.ts';
import type { RuleId } from '../model/rule.ts';
import { known } from '../model/seen.ts';
import { effectiveConfig } from '../settings/effective-config.ts';
import { isStandbyCluster } from '../settings/is-standby-cluster.ts';
import { recoveryOf } from '../settings/standby-recovery.ts';
import { needsFeedback } from '../slots/needs-feedback.ts';
import type { Topology } from '../topology/whom-to-follow.ts';
import { slotNameOf } from '../layout/slot-name.ts';
import { upstreamOf } from './upstream.ts';

export type HeldLease = Extract<LeaseState, { kind: 'held' }>;

/** An observation with what every rule asks of it, worked out once. */
export interface Context {
  readonly obs: Observation;
  readonly mem: Memory;
  readonly me: string;
  readonly nowMs: number;
  readonly config: DynamicConfig;
  /** undefined: the store does not answer. */
  readonly view: ClusterView | undefined;
  readonly leader: LeaderKey | undefined;
  /** Nothing happens by itself. An agent that knows no configuration yet goes by the note of an earlier one. */
  readonly paused: boolean;
  /** Our own mark in the store: nothing fences the PostgreSQL here. */
  readonly mark: UnguardedMark | undefined;
  /** The leader lease, while its deadline is ahead. */
  readonly held: HeldLease | undefined;
  readonly primary: PrimaryStatus | undefined;
  readonly standby: StandbyStatus | undefined;
  /** A server runs that may accept writes: a primary, or one that cannot be told to be a standby. */
  readonly mayWrite: boolean;
  /** Who follows whom; of this member's own tags its file knows better than the store. */
  readonly topology: Topology;
  /** The server must run with hot_standby_feedback, whatever its configuration says. */
  readonly wantsFeedback: boolean;
  /** Of a standby cluster: what its section sets for the recovery here. */
  readonly recovery: Readonly<Record<string, string>> | undefined;
}

export type Evidence = Readonly<Record<string, string | number | boolean | null>>;

export interface EventDraft {
  readonly kind: EventKind;
  readonly text: string;
  readonly evidence?: Evidence;
}

/** What a rule that matched came to. */
export interface Ruling {
  readonly why: string;
  readonly steps?: readonly Step[];
  readonly memory?: Partial<Memory>;
  readonly events?: readonly EventDraft[];
  /** Members to ask what they are. */
  readonly probe?: readonly string[];
  /** Decide again after this time at the latest, if no event comes first. */
  readonly wakeInMs?: number;
}

/** One row of the table: the first whose `match` answers decides. Ids are stable and never reused. */
export interface Rule {
  readonly id: RuleId;
  readonly title: string;
  readonly match: (ctx: Context) => Ruling | undefined;
}

/** Jobs that leave the server free for everything else. */
export function isBackground(job: Job): boolean {
  return job.kind === 'checkpoint';
}

/** What cannot be read says nothing: it counts what the server was when last seen, or what the guard was told of it. */
function mayWriteUnread({ guard, job }: Observation, { role }: Memory): boolean {
  return role === 'primary' || job?.job.kind === 'promote' || (role === 'none' && guard.kind === 'armed');
}

function mayWrite(obs: Observation, mem: Memory): boolean {
  const { postgres, job } = obs;
  if (postgres.postmaster === undefined) return false;
  if (job?.job.kind === 'bootstrap') return false;
  const sql = known(postgres.sql);
  if (sql !== undefined) return sql.kind === 'primary';
  if (postgres.data.kind === 'unreadable') return mayWriteUnread(obs, mem);
  if (postgres.data.kind !== 'cluster') return false;
  // It does not answer: the signal file says how it was started, but a promotion under way removes it only at its end.
  return !postgres.data.standbySignal || mem.role === 'primary' || job?.job.kind === 'promote';
}

function topologyOf(obs: Observation, view: ClusterView | undefined): Topology {
  const { name, tags } = obs.self;
  const members = (view?.members ?? []).map((member) =>
    member.name === name ? { ...member, data: { ...member.data, tags } } : member,
  );
  return { members, leader: view?.leader?.name };
}

function isPaused({ cluster, postgres }: Observation, mem: Memory, config: DynamicConfig): boolean {
  const stored = known(cluster)?.config;
  // A document that means nothing says nothing about a pause either.
  const isSaid = stored !== undefined && (stored.value !== undefined || stored.revision === 0);
  return isSaid || mem.lastConfig !== undefined ? config.paused : postgres.pauseNoted;
}

function ownMark({ cluster, self }: Observation): UnguardedMark | undefined {
  return known(cluster)?.unguarded.find((mark) => mark.name === self.name);
}

export function makeContext(obs: Observation, mem: Memory): Context {
  const view = known(obs.cluster);
  const shared = view?.config.value ?? mem.lastConfig ?? decodeDynamicConfig(obs.self.initialConfig).config;
  const sql = known(obs.postgres.sql);
  const topology = topologyOf(obs, view);
  const config = effectiveConfig(shared, obs.self.overrides);
  const scene = { me: obs.self.name, topology, settings: config, isStandbyCluster: isStandbyCluster(config.raw) };
  const held = obs.lease.kind === 'held' && obs.nowMs < obs.lease.deadlineMs ? obs.lease : undefined;
  return {
    obs,
    mem,
    me: obs.self.name,
    nowMs: obs.nowMs,
    config,
    paused: isPaused(obs, mem, config),
    mark: ownMark(obs),
    view,
    leader: view?.leader,
    held,
    primary: sql?.kind === 'primary' ? sql : undefined,
    standby: sql?.kind === 'standby' ? sql : undefined,
    mayWrite: mayWrite(obs, mem),
    topology,
    // While the store is silent nobody knows who streams from here.
    wantsFeedback: view === undefined ? mem.appliedFeedback : needsFeedback(scene),
    recovery: recoveryOf(config.standbyCluster, held !== undefined),
  };
}

export function memberOf(ctx: Context, name: string): Member | undefined {
  return ctx.view?.members.find((member) => member.name === name);
}

export function tagsOf(ctx: Context, name: string): Tags | undefined {
  return name === ctx.me ? ctx.obs.self.tags : memberOf(ctx, name)?.data.tags;
}

export function isTagged(ctx: Context, name: string, tag: string): boolean {
  return tagsOf(ctx, name)?.[tag] === true;
}

/** The timeline number that came with the key; undefined while the view does not show our reign yet. */
export function claimedTimeline(ctx: Context): number | undefined {
  const record = ctx.view?.reign;
  return ctx.held !== undefined && record?.revision === ctx.held.reign ? record.value?.timeline : undefined;
}

/** Settings to run with; `syncNames` is what commits are to wait for. */
export function settingsWith(ctx: Context, syncNames: string | undefined): ServerSettings {
  const { parameters, pgHba, pgIdent } = ctx.config;
  const feedback = ctx.wantsFeedback ? { hotStandbyFeedback: true } : {};
  const { recovery } = ctx;
  const managesSync = ctx.config.synchronousMode !== 'off';
  return { parameters, pgHba, pgIdent, syncNames, managesSync, ...feedback, ...(recovery && { recovery }) };
}

/** How a setting for synchronous replication is written. */
export function syncManner({ config }: Context): { readonly mode: SynchronousMode; readonly strict: boolean } {
  return { mode: config.synchronousMode, strict: config.synchronousModeStrict };
}

/** What to remember when the server is given its settings. */
export function settingsGiven(ctx: Context): Pick<Memory, 'appliedConfig' | 'appliedLocal' | 'appliedFeedback'> {
  return {
    appliedConfig: ctx.view?.config.revision,
    appliedLocal: ctx.obs.self.localRevision,
    appliedFeedback: ctx.wantsFeedback,
  };
}

/** /config or the local file has changed since the server was given its settings; never while the store is silent. */
export function hasNewSettings(ctx: Context): boolean {
  const { appliedConfig, appliedLocal, appliedFeedback } = settingsGiven(ctx);
  const { mem } = ctx;
  if (appliedConfig === undefined) return false;
  const isSame = appliedLocal === mem.appliedLocal && appliedFeedback === mem.appliedFeedback;
  return appliedConfig !== mem.appliedConfig || !isSame;
}

/** Where and how to stream from a member; undefined if its address is not known. */
export function followTarget(ctx: Context, name: string): FollowTarget | undefined {
  const upstream = upstreamOf(memberOf(ctx, name)?.data.connUrl);
  if (upstream === undefined) return undefined;
  return { member: name, upstream, slot: ctx.config.useSlots ? slotNameOf(ctx.me) : undefined };
}

/** The leader's member key shows a server that can be followed: a primary, or the leader of a standby cluster. */
export function leaderServes(ctx: Context): boolean {
  const data = ctx.leader === undefined ? undefined : memberOf(ctx, ctx.leader.name)?.data;
  if (data?.state !== 'running') return false;
  return data.role === 'primary' || (data.role === 'standby_leader' && ctx.config.standbyCluster !== undefined);
}

/** Of a cluster whose server is down. */
export function controlOf(ctx: Context): ControlData | undefined {
  const { data, postmaster } = ctx.obs.postgres;
  return postmaster === undefined && data.kind === 'cluster' ? data.control : undefined;
}

export function startJob(ctx: Context, job: Job, withinMs: number): Step {
  return { kind: 'startJob', job, deadlineMs: ctx.nowMs + withinMs };
}

export function toEvent(ctx: Context, rule: RuleId, draft: EventDraft): ClusterEvent {
  return {
    kind: draft.kind,
    member: ctx.me,
    wallAt: ctx.obs.wallAt,
    atMs: ctx.nowMs,
    rule,
    text: draft.text,
    evidence: draft.evidence ?? {},
  };
}
