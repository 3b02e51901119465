// switchover and failover: what is asked, then one request to the REST API, or the store where no API can be reached.
import { type ApiReply, withPath } from '../../api/client.ts';
import { leaderMember } from '../../core/layout/decode-cluster.ts';
import type { ClusterView } from '../../core/model/cluster.ts';
import { localStamp } from '../local-time.ts';
import { namedCluster } from '../named-cluster.ts';
import { printedMembers } from '../print-members.ts';
import { refusedExit, type Session } from '../session.ts';
import { settledRequest, type Settled } from './manual-failover-request.ts';

export type Action = 'switchover' | 'failover';

export interface ManualFailoverOptions {
  readonly cluster: string | undefined;
  readonly leader: string | undefined;
  readonly candidate: string | undefined;
  readonly scheduled: string | undefined;
  readonly isForced: boolean;
}

/** The API answers once the outcome is known, within 2 * max(10 s, loop_wait). */
const BUDGET_MS = 180_000;
const NO_SUCH_OPERATION = 'Server does not support this operation';

/** Hands leadership over: switchover from a healthy leader, failover also where nobody leads. */
export async function manualFailover(
  action: Action,
  options: ManualFailoverOptions,
  session: Session,
): Promise<number> {
  const cluster = namedCluster(options.cluster, session);
  const { view, config } = await session.dcs.read(cluster);
  session.terminal.out('Current cluster topology');
  session.terminal.out(printedMembers({ cluster, view, format: 'pretty' }));
  const isStandbyCluster = typeof config?.['standby_cluster'] === 'object' && config['standby_cluster'] !== null;
  const settled = await settledRequest(action, options, {
    cluster,
    view,
    isStandbyCluster,
    terminal: session.terminal,
  });
  const reply = await post(action, settled, view, session);
  const stamp = localStamp(session.terminal.now());
  if (reply.kind === 'late') return failed(action, `result unknown, details: ${reply.why}`, session);
  if (reply.kind === 'unreachable') {
    session.terminal.out(`${stamp} Could not ${action} using Patroni api, falling back to DCS`);
    await session.dcs.writeFailover(cluster, settled.request, view.failover.revision);
  } else if (reply.status === 200 || reply.status === 202) {
    session.terminal.out(`${stamp} ${reply.body}`);
  } else {
    const result = reply.body.toLowerCase().includes('status unknown') ? 'result unknown' : 'failed';
    return failed(action, `${result}, details: ${reply.status}, ${reply.body}`, session);
  }
  const { view: after } = await session.dcs.read(cluster);
  session.terminal.out(printedMembers({ cluster, view: after, format: 'pretty' }));
  return 0;
}

/** To the leader, else to the candidate: others would have to be told by the store first. */
async function post(action: Action, { request }: Settled, view: ClusterView, session: Session): Promise<ApiReply> {
  const candidate = view.members.find(({ name }) => name === request.candidate);
  const apiUrl = (leaderMember(view) ?? candidate)?.data.apiUrl;
  if (apiUrl === undefined) return { kind: 'unreachable', why: 'no member has published an api_url' };
  const body = { candidate: request.candidate ?? null, leader: request.leader, scheduled_at: request.scheduledAt };
  const call = (path: string): Promise<ApiReply> =>
    session.callApi({ method: 'POST', url: withPath(apiUrl, path) ?? apiUrl, body, budgetMs: BUDGET_MS });
  const reply = await call(`/${action}`);
  const isOld = reply.kind === 'answered' && reply.status === 501 && reply.body.includes(NO_SUCH_OPERATION);
  return isOld && action === 'switchover' ? call('/failover') : reply;
}

function failed(action: Action, details: string, session: Session): number {
  const title = action === 'switchover' ? 'Switchover' : 'Failover';
  session.terminal.out(`${title} ${details}`);
  return refusedExit(session);
}
