import type { ClusterView } from '../model/cluster.ts';
import { type Context, type Rule, type Ruling, startJob } from './context.ts';
import { LIMITS } from './limits.ts';

const SYSTEM_ID = /^\d{10,}$/;

export function isSystemId(value: string | undefined): value is string {
  return value !== undefined && SYSTEM_ID.test(value);
}

/**
 * The password in the file is not the one that the cluster has: nothing could be done for this server. An agent that was let in
 * before goes on: somebody is changing the password.
 */
function refusedLogin(ctx: Context): Ruling | undefined {
  const why = ctx.mem.loginRefused;
  if (why === undefined || ctx.held !== undefined) return undefined;
  const startedByUs = ctx.mem.startTries > 0 && ctx.obs.postgres.postmaster !== undefined;
  if (!startedByUs) return { why, steps: [{ kind: 'exit', code: 1, why }] };
  const stop = { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'its password is not known' } as const;
  return { why, steps: [startJob(ctx, stop, LIMITS.stopMs)], wakeInMs: LIMITS.paceMs };
}

export const LOGIN_RULES: readonly Rule[] = [
  { id: 'G05', title: 'refuse to work with a server that refuses us', match: refusedLogin },
];

export function localSystemId(ctx: Context): string | undefined {
  const { data } = ctx.obs.postgres;
  return data.kind === 'cluster' ? data.control.systemId : undefined;
}

function stranger(ctx: Context): Ruling | undefined {
  const mine = localSystemId(ctx);
  const theirs = ctx.view?.initialize.value;
  if (mine === undefined || !isSystemId(theirs) || mine === theirs) return undefined;
  const why = `the data directory belongs to another cluster: its system identifier is ${mine}, /initialize of ${ctx.obs.self.scope} says ${theirs}`;
  return {
    why,
    steps: [
      {
        kind: 'exit',
        code: 1,
        why: `${why}. Give this member an empty data directory, or the scope its data belong to.`,
      },
    ],
  };
}

/** Our own new cluster was started, as standby, before its first reign could begin: it goes on like any other. */
function hasOutgrownBootstrap(ctx: Context): boolean {
  const { data, postmaster } = ctx.obs.postgres;
  if (ctx.view?.bootstrapper !== ctx.me || data.kind !== 'cluster') return false;
  return postmaster !== undefined || data.control.state !== 'shut down';
}

/** Of another cluster, by whoever is to lead this standby cluster: its key is taken first. */
function isNewCopy({ config, obs }: Context): boolean {
  return config.standbyCluster !== undefined && obs.postgres.postmaster === undefined;
}

/** Data are here and the store does not know (any more) whose: the leader tells it, or anyone while nobody leads. */
function tellIdentity(ctx: Context): Ruling | undefined {
  const mine = localSystemId(ctx);
  if (ctx.view === undefined || mine === undefined || isSystemId(ctx.view.initialize.value)) return undefined;
  const bootstrapUnderWay = ctx.view.initialize.value === '';
  const isFree = !bootstrapUnderWay || (hasOutgrownBootstrap(ctx) && !isNewCopy(ctx));
  const mayTell = ctx.held !== undefined || (ctx.leader === undefined && isFree);
  if (!mayTell) return undefined;
  return {
    why: 'the system identifier of the local data is written to /initialize',
    steps: [{ kind: 'setInitialize', systemId: mine, revision: ctx.view.initialize.revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A cluster that we bring into the world has failsafe mode, unless its file says otherwise. */
function initialConfig(ctx: Context, view: ClusterView): Readonly<Record<string, unknown>> {
  const { initialConfig: given } = ctx.obs.self;
  const isNew = view.initialize.value === '' && view.bootstrapper === ctx.me;
  return isNew && given['failsafe_mode'] === undefined ? { ...given, failsafe_mode: true } : given;
}

/** A document that cannot be used is left for people to repair; what was in force stays so meanwhile. */
function tellConfig(ctx: Context): Ruling | undefined {
  const { view, mem } = ctx;
  if (view === undefined || view.config.raw !== undefined) return undefined;
  if (ctx.obs.postgres.data.kind !== 'cluster') return undefined;
  if (ctx.held === undefined && ctx.leader !== undefined) return undefined;
  // What stood there may have been a pause: only who knows it writes it again.
  if (view.config.revision !== 0 && mem.lastConfig === undefined) return undefined;
  const value = mem.lastConfig?.raw ?? initialConfig(ctx, view);
  return {
    why: '/config is absent or no JSON object: written from the configuration in force',
    steps: [{ kind: 'writeConfig', value, revision: view.config.revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

export const IDENTITY_RULES: readonly Rule[] = [
  { id: 'G10', title: 'refuse data of another cluster', match: stranger },
  { id: 'G20', title: 'tell the store the system identifier', match: tellIdentity },
  { id: 'G30', title: 'tell the store the configuration', match: tellConfig },
];
