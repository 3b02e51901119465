import { Refusal } from './refusal.ts';
import type { Session } from './session.ts';

/** The cluster that was named, or the one of the configuration. */
export function namedCluster(named: string | undefined, { scope }: Session): string {
  const cluster = named ?? scope;
  if (cluster === undefined) throw new Refusal('name the cluster, or give a configuration that does (-c)');
  return cluster;
}
