import type { Member } from '../model/cluster.ts';
import type { DynamicConfig } from './dynamic-config.ts';
import { isNeverSync } from '../model/sync-tags.ts';

/** What is to be said about a count that the members of today cannot reach; undefined: they can, or nobody is waited for. */
export function tooManyStandbys(config: DynamicConfig, members: readonly Member[]): string | undefined {
  const able = members.filter(({ data }) => !isNeverSync(data.tags)).length - 1;
  const wanted = config.synchronousNodeCount;
  if (config.synchronousMode === 'off' || members.length === 0 || wanted <= able) return undefined;
  return `synchronous_node_count: ${wanted}: only ${Math.max(0, able)} other members could be synchronous standbys; commits wait for as many as there are`;
}
