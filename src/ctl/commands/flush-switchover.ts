import { type ApiReply, withPath } from '../../api/client.ts';
import { leaderMember } from '../../core/layout/decode-cluster.ts';
import type { ClusterView, Member } from '../../core/model/cluster.ts';
import { localStamp } from '../local-time.ts';
import { refusedExit, type Session } from '../session.ts';

const BUDGET_MS = 15_000;

/** Takes a scheduled switchover back, by the leader's API, else by another's, else in the store. */
export async function flushSwitchover(cluster: string, session: Session): Promise<number> {
  const { view } = await session.dcs.read(cluster);
  const { terminal } = session;
  if (view.failover.value?.scheduledAt === undefined) {
    terminal.out('No pending scheduled switchover');
    return 0;
  }
  for (const member of leaderFirst(view)) {
    const reply = await ask(member, session);
    if (reply.kind === 'answered' && (reply.status === 200 || reply.status === 404)) {
      terminal.out(`${reply.status === 200 ? 'Success' : 'Failed'}: ${reply.body}`);
      return reply.status === 200 ? 0 : refusedExit(session);
    }
    if (reply.kind === 'answered')
      terminal.out(`Failed: member=${member.name}, status_code=${reply.status}, (${reply.body})`);
  }
  terminal.out(`${localStamp(terminal.now())} Could not find any accessible member of cluster ${cluster}`);
  await session.dcs.writeFailover(cluster, undefined, view.failover.revision);
  return 0;
}

function leaderFirst(view: ClusterView): readonly Member[] {
  const leader = leaderMember(view);
  const others = view.members.filter(({ name }) => name !== leader?.name);
  return leader === undefined ? others : [leader, ...others];
}

function ask({ data }: Member, { callApi }: Session): Promise<ApiReply> {
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/switchover');
  if (url === undefined) return Promise.resolve({ kind: 'unreachable', why: 'it has published no api_url' });
  return callApi({ method: 'DELETE', url, budgetMs: BUDGET_MS });
}
