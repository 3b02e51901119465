// The REST contract as data: whatever answers, checks access or documents it reads this table.
import { patchConfig, putConfig } from './config-handlers.ts';
import type { Endpoint } from './endpoint.ts';
import { deleteFailsafe, getFailsafe, postFailsafe } from './failsafe-handlers.ts';
import { deleteDivergence, getDivergence, postReinitialize } from './healing-handlers.ts';
import { getHeartbeat } from './heartbeat-handler.ts';
import { getExplain, getRecovery, postBootstrap } from './own-handlers.ts';
import { getCluster, getConfig, getHealth, getHistory, getLiveness, getReadiness, getStatus } from './read-handlers.ts';
import { deleteRestart, postReload, postRestart } from './restart-handlers.ts';
import { deleteSwitchover, postFailover, postSwitchover } from './switchover-handlers.ts';

const OPEN = { isUnsafe: false, body: 'none' } as const;
/** Who routes connections by the answer asks every second or two. */
const CHECK_AGE_MS = 1_000;
const DOCUMENT_AGE_MS = 500;
const CHECK = { ...OPEN, maxAgeMs: CHECK_AGE_MS } as const;
const DOCUMENT = { ...OPEN, maxAgeMs: DOCUMENT_AGE_MS } as const;
const UNSAFE = { isUnsafe: true, body: 'required' } as const;
/** Judged by what the cluster is now, after whatever was asked for before. */
const REQUEST_AGE_MS = 500;

/** What HEAD and OPTIONS always ask, and a GET of any path without a line of its own. */
export const HEALTH_CHECK: Endpoint = {
  method: 'GET',
  path: '/',
  ...CHECK,
  doc: 'Health check: 200 where the path names what this member is now (primary, leader, replica, read-only, health, sync, …), else 503. Takes lag=SIZE, replication_state=STATE and tag_NAME=VALUE.',
  handle: getHealth,
};

export const CONTRACT: readonly Endpoint[] = [
  { method: 'GET', path: '/patroni', ...DOCUMENT, doc: 'The status document of this member.', handle: getStatus },
  { method: 'GET', path: '/cluster', ...DOCUMENT, doc: 'All members with role, state and lag.', handle: getCluster },
  { method: 'GET', path: '/history', ...DOCUMENT, doc: 'The timelines that ended, and why.', handle: getHistory },
  { method: 'GET', path: '/config', ...DOCUMENT, doc: 'The dynamic configuration.', handle: getConfig },
  { method: 'GET', path: '/liveness', ...OPEN, doc: '200 while the agent makes decisions.', handle: getLiveness },
  {
    method: 'GET',
    path: '/readiness',
    ...CHECK,
    doc: '200 where this member leads, or streams with no more than lag=SIZE. mode=write counts what is received.',
    handle: getReadiness,
  },
  {
    method: 'GET',
    path: '/kornak/heartbeat',
    isUnsafe: true,
    body: 'none',
    doc: 'For the other members: while this one leads, a line of JSON four times a second, {"v":1,"reign":N,"state":"leads"|"stopping"|"withheld","renewMs":N}, until it does not. 503 where it does not lead.',
    handle: getHeartbeat,
  },
  {
    method: 'GET',
    path: '/failsafe',
    ...OPEN,
    doc: 'The members that may lead, and must agree when the leader goes on without the store.',
    handle: getFailsafe,
  },
  {
    method: 'POST',
    path: '/failsafe',
    ...UNSAFE,
    doc: 'Asked by the leader while the store does not answer: `Accepted` promises neither to lead nor to pledge.',
    handle: postFailsafe,
  },
  {
    method: 'DELETE',
    path: '/failsafe',
    ...UNSAFE,
    doc: 'Takes back what a leader asked for, once it leads through the store again.',
    handle: deleteFailsafe,
  },
  {
    method: 'PATCH',
    path: '/config',
    ...UNSAFE,
    doc: 'Merges the body into the dynamic configuration; null deletes. Answers with the whole of it.',
    handle: patchConfig,
  },
  { method: 'PUT', path: '/config', ...UNSAFE, doc: 'Replaces the dynamic configuration.', handle: putConfig },
  {
    method: 'POST',
    path: '/switchover',
    ...UNSAFE,
    maxAgeMs: REQUEST_AGE_MS,
    isPatient: true,
    doc: 'Hands leadership from `leader` to `candidate` or the best member, now or at `scheduled_at`.',
    handle: postSwitchover,
  },
  {
    method: 'POST',
    path: '/failover',
    ...UNSAFE,
    maxAgeMs: REQUEST_AGE_MS,
    isPatient: true,
    doc: 'Makes `candidate` the leader, also where nobody leads.',
    handle: postFailover,
  },
  {
    method: 'DELETE',
    path: '/switchover',
    isUnsafe: true,
    body: 'none',
    maxAgeMs: REQUEST_AGE_MS,
    doc: 'Takes a scheduled switchover back.',
    handle: deleteSwitchover,
  },
  {
    method: 'POST',
    path: '/restart',
    isUnsafe: true,
    body: 'optional',
    isPatient: true,
    doc: 'Restarts PostgreSQL on this member, now or at `schedule`, if `role`, `postgres_version` and `restart_pending` hold.',
    handle: postRestart,
  },
  {
    method: 'DELETE',
    path: '/restart',
    isUnsafe: true,
    body: 'none',
    isPatient: true,
    doc: 'Takes a scheduled restart back.',
    handle: deleteRestart,
  },
  {
    method: 'POST',
    path: '/reload',
    isUnsafe: true,
    body: 'none',
    doc: "Reads the member's own file again and tells PostgreSQL what has changed.",
    handle: postReload,
  },
  {
    method: 'POST',
    path: '/kornak/bootstrap',
    isUnsafe: true,
    body: 'none',
    isPatient: true,
    doc: 'Initialises the cluster on this member. 202 once it has begun, 409 with the reason where it may not.',
    handle: postBootstrap,
  },
  {
    method: 'POST',
    path: '/reinitialize',
    isUnsafe: true,
    body: 'optional',
    isPatient: true,
    doc: 'Clones this member anew, its data being moved aside. `force` cancels what is under way, `from_leader` copies from the leader.',
    handle: postReinitialize,
  },
  {
    method: 'GET',
    path: '/kornak/divergence',
    ...OPEN,
    doc: 'What this member has given up, one record each; below it /ID, one record whole.',
    handle: getDivergence,
  },
  {
    method: 'DELETE',
    path: '/kornak/divergence',
    isUnsafe: true,
    body: 'none',
    isPatient: true,
    doc: 'With /ID below it: deletes what is kept of that record; what was held may then be given up.',
    handle: deleteDivergence,
  },
  {
    method: 'GET',
    path: '/kornak/recovery',
    ...DOCUMENT,
    doc: 'What this member could lead from: the facts of pg_control, and how far its WAL reaches.',
    handle: getRecovery,
  },
  {
    method: 'GET',
    path: '/kornak/explain',
    ...OPEN,
    doc: 'Why this member does what it does: rule, timers, job, its own events and those of the cluster.',
    handle: getExplain,
  },
];

/** undefined: the method has no handler at this path. */
export function endpointFor(method: string, path: string): Endpoint | undefined {
  if (method === 'HEAD' || method === 'OPTIONS') return HEALTH_CHECK;
  const segments = path.split('/');
  const found = CONTRACT.find(
    (endpoint) =>
      endpoint.method === method && endpoint.path.split('/').every((part, index) => part === segments[index]),
  );
  return found ?? (method === 'GET' ? HEALTH_CHECK : undefined);
}
