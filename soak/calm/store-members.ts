// What members of etcd say of themselves, by the JSON gateway.
import type { EtcdCluster, EtcdMember } from '../../test/support/etcd-cluster.ts';

const ASK_MS = 2_000;

interface Status {
  readonly member: EtcdMember;
  readonly id: string;
  readonly leader: string;
  readonly term: number;
}

async function ask(
  member: EtcdMember,
  path: string,
  body: unknown,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const answer = await fetch(`${member.endpoint}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ASK_MS),
    });
    return answer.ok ? ((await answer.json()) as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

async function statusOf(member: EtcdMember): Promise<Status | undefined> {
  const said = (await ask(member, 'maintenance/status', {})) as
    | { readonly header: { readonly member_id: string }; readonly leader?: string; readonly raftTerm?: string }
    | undefined;
  if (said === undefined) return undefined;
  return { member, id: said.header.member_id, leader: said.leader ?? '', term: Number(said.raftTerm ?? 0) };
}

/** Of those that answer. */
async function statuses(etcd: EtcdCluster): Promise<readonly Status[]> {
  const all = await Promise.all(etcd.members.map(statusOf));
  return all.filter((status) => status !== undefined);
}

/** Each election has a number of its own; 0 where nobody answers. */
export async function storeTerm(etcd: EtcdCluster): Promise<number> {
  return Math.max(0, ...(await statuses(etcd)).map(({ term }) => term));
}

/** The leader that a member tells of, and that tells it too. */
export async function storeLeader(etcd: EtcdCluster): Promise<EtcdMember | undefined> {
  return (await statuses(etcd)).find(({ id, leader }) => id === leader)?.member;
}

/** Whether another member that answers was asked to lead, and does. */
export async function moveStoreLead(etcd: EtcdCluster): Promise<boolean> {
  const all = await statuses(etcd);
  const leader = all.find((status) => status.id === status.leader);
  const other = all.find((status) => status.id !== status.leader);
  if (leader === undefined || other === undefined) return false;
  return (await ask(leader.member, 'maintenance/transfer-leadership', { targetID: other.id })) !== undefined;
}

export interface Reign {
  readonly holder: string;
  /** Modification revision of the leader key: nobody writes it during a reign. */
  readonly revision: number;
}

/** Who holds the leader key; undefined: nobody. Fails where no member answers. */
export async function reignIn(etcd: EtcdCluster, scope: string): Promise<Reign | undefined> {
  const key = Buffer.from(`/service/${scope}/leader`).toString('base64');
  for (const member of etcd.members) {
    const said = (await ask(member, 'kv/range', { key })) as
      { readonly kvs?: readonly { readonly value?: string; readonly mod_revision: string }[] } | undefined;
    if (said === undefined) continue;
    const [kv] = said.kvs ?? [];
    if (kv === undefined) return undefined;
    return {
      holder: Buffer.from(kv.value ?? '', 'base64').toString(),
      revision: Number(kv.mod_revision),
    };
  }
  throw new Error('no member of etcd answers');
}
