import { textOf } from './json.ts';

/** What one host is asked when a cluster should be whole. */
export interface HostView {
  readonly name: string;
  /** Its PostgreSQL is in recovery; undefined: it does not say. */
  readonly standby: boolean | undefined;
  /** What its agent answers to `GET /cluster`. */
  readonly cluster: unknown;
}

/**
 * The primary, if there is exactly one, everybody else streams from it, and every agent says so.
 * `streaming`: standbys that stream from whoever accepts writes.
 */
export function wholeUnder(views: readonly HostView[], streaming: number): string | undefined {
  const [primary, ...more] = views.filter(({ standby }) => standby === false);
  if (primary === undefined || more.length > 0 || views.some(({ standby }) => standby === undefined)) return undefined;
  if (streaming < views.length - 1) return undefined;
  const all = views.every(({ cluster }) => saysWhole(cluster, primary.name, views.length));
  return all ? primary.name : undefined;
}

function saysWhole(cluster: unknown, primary: string, hosts: number): boolean {
  const members = membersOf(cluster);
  const leaders = members.filter((member) => textOf(member, 'role') === 'leader');
  const stands = members.every((member) => /^(running|streaming)$/.test(textOf(member, 'state')));
  return members.length === hosts && stands && leaders.length === 1 && textOf(leaders[0], 'name') === primary;
}

/** Of an answer to `GET /cluster`. */
export function membersOf(cluster: unknown): readonly unknown[] {
  const list = typeof cluster === 'object' && cluster !== null && 'members' in cluster ? cluster.members : undefined;
  return Array.isArray(list) ? list : [];
}
