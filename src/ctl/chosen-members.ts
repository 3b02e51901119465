// Which members a command is for: by role, by name, and as people confirm.
import { type MemberRoleShown, shownMembers } from '../api/cluster-document.ts';
import type { ClusterView, Member } from '../core/model/cluster.ts';
import { printedMembers } from './print-members.ts';
import { Refusal } from './refusal.ts';
import type { Session } from './session.ts';

export const MEMBER_ROLES = ['leader', 'primary', 'standby-leader', 'replica', 'standby', 'any'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

export interface MembersWanted {
  readonly cluster: string;
  /** Empty: all of the role. */
  readonly members: readonly string[];
  readonly role: MemberRole;
}

/** Prints the table, then the members that were named and have the role. Throws Refusal where there are none. */
export async function chosenMembers(
  { cluster, members, role }: MembersWanted,
  { dcs, terminal }: Session,
): Promise<{ readonly view: ClusterView; readonly chosen: readonly Member[] }> {
  const { view } = await dcs.read(cluster);
  terminal.out(printedMembers({ cluster, view, format: 'pretty' }));
  if (view.members.length === 0) throw new Refusal(`${cluster} cluster doesn't have any members`);
  const roles = new Map(shownMembers(view).map((shown) => [shown.name, shown.role]));
  const ofRole = view.members.filter(({ name }) => hasRole(roles.get(name), role));
  const chosen = members.length === 0 ? ofRole : ofRole.filter(({ name }) => members.includes(name));
  if (chosen.length === 0) {
    throw new Refusal(
      members.length === 0 ? `${cluster} cluster doesn't have any ${role}` : `No ${role} among provided members`,
    );
  }
  return { view, chosen };
}

/** Judged by the leader key: a replica is who does not lead. */
function hasRole(shown: MemberRoleShown | undefined, role: MemberRole): boolean {
  const leads = shown === 'leader' || shown === 'standby_leader';
  if (role === 'any') return true;
  if (role === 'leader') return leads;
  if (role === 'replica' || role === 'standby') return !leads;
  return shown === (role === 'primary' ? 'leader' : 'standby_leader');
}

export function named(members: readonly Member[]): string {
  return members.map(({ name }) => name).join(', ');
}
