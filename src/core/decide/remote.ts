// The other cluster that a standby cluster follows, as its leader sees it.
import type { FollowTarget } from '../model/job.ts';
import type { Context } from './context.ts';

/** This member holds the key of a standby cluster, and nothing here accepts writes. */
export function leadsStandby({ held, config, mayWrite }: Context): boolean {
  return held !== undefined && config.standbyCluster !== undefined && !mayWrite;
}

/**
 * The lease that is held has been that of a standby cluster's leader: nothing guards it, and its claim of a timeline is no claim.
 * Whatever is started under it is a standby; who is to write has another reign.
 */
export function isReignOfStandby({ config, mem }: Context): boolean {
  return config.standbyCluster !== undefined || mem.standbyLedMs !== undefined;
}

/** Where the other cluster is; undefined: there is none, or its WAL comes from an archive alone. */
export function remoteTarget({ config, obs, me }: Context): FollowTarget | undefined {
  const { standbyCluster } = config;
  if (standbyCluster?.host === undefined) return undefined;
  const { host, port, primarySlotName } = standbyCluster;
  return {
    member: `${host}:${port}`,
    upstream: { host, port },
    slot: config.useSlots ? primarySlotName : undefined,
    // Under the bare name of a member it could count there as a synchronous standby of that name (docs/adr/0015).
    remote: { applicationName: `${obs.self.scope}/${me}` },
  };
}

/** Whom the leader of a standby cluster follows. */
export function remoteToFollow(ctx: Context): FollowTarget | undefined {
  return leadsStandby(ctx) ? remoteTarget(ctx) : undefined;
}

/** What is remembered of the place that a server was told to follow. */
export function remoteText(target: FollowTarget | undefined): string {
  return target === undefined ? '' : `${target.member} ${target.slot ?? ''}`;
}
