import { type Answer, page, text } from './answer.ts';
import { awaitLeader } from './await-leader.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import { storeSilent } from './read-handlers.ts';
import { clusterRefusal } from './switchover-checks.ts';
import { type Action, failoverRequest, wantedFrom } from './switchover-request.ts';

const WAIT_MIN_MS = 10_000;

export function postSwitchover(request: ApiRequest, office: Office): Promise<Answer> {
  return ask('switchover', request, office);
}

export function postFailover(request: ApiRequest, office: Office): Promise<Answer> {
  return ask('failover', request, office);
}

async function ask(path: Action, { body }: ApiRequest, { desk, situation }: Office): Promise<Answer> {
  if (situation?.view === undefined) return storeSilent();
  const { view, config, isPaused, observation } = situation;
  const wallMs = observation.wallMs + desk.nowMs() - observation.nowMs;
  const wanted = wantedFrom(path, body, { wallMs, isPaused });
  if ('status' in wanted) return wanted;
  const refusal = await clusterRefusal(wanted, view, desk);
  if (refusal !== undefined) return refusal;
  const revision = view.failover.revision;
  const written = await desk.writeFailover(failoverRequest(wanted));
  if (written.kind !== 'done' && written.kind !== 'unknown') return text(503, 'failed to write failover key into DCS');
  if (wanted.scheduledAt !== undefined) {
    return written.kind === 'done'
      ? text(202, 'Switchover scheduled')
      : text(503, 'Switchover status unknown: whether it was scheduled could not be learnt from DCS');
  }
  const budgetMs = 2 * Math.max(WAIT_MIN_MS, config.loopWaitMs);
  return awaitLeader(desk, { wanted, leader: view.leader?.name, revision, budgetMs });
}

export async function deleteSwitchover(_: ApiRequest, { desk, situation }: Office): Promise<Answer> {
  if (situation?.view === undefined) return storeSilent();
  if (situation.view.failover.value?.scheduledAt === undefined) return text(404, 'no switchover is scheduled');
  const written = await desk.writeFailover(undefined);
  if (written.kind === 'done') return text(200, 'scheduled switchover deleted');
  return page(409, 'The scheduled switchover was changed by somebody else at the same time, or DCS did not answer');
}
