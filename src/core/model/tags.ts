import type { Tags } from './cluster.ts';

/** Whether a member may never lead: `nofailover` where it is set, be it to false; else a `failover_priority` of 0 or less. */
export function isNeverLeader(tags: Tags | undefined): boolean {
  const { nofailover, failover_priority: priority } = tags ?? {};
  if (typeof nofailover === 'boolean') return nofailover;
  return (typeof priority === 'number' || typeof priority === 'string') && Number(priority) <= 0;
}
