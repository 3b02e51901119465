import type { GuardView, Observation, Self } from '../core/model/observation.ts';
import type { LocalPostgres } from '../core/model/local-postgres.ts';
import type { Clock } from '../ports/clock.ts';
import type { Guard, GuardAnswer } from '../ports/guard.ts';
import type { Postgres } from '../ports/postgres.ts';
import type { Random } from '../ports/random.ts';
import type { Watchdog } from '../ports/watchdog.ts';
import { BUDGETS } from './budgets.ts';
import type { Fence } from './fence.ts';
import type { JobRunner } from './jobs.ts';
import type { LeaderWatch } from './leader-watch.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { Mirror } from './mirror.ts';
import type { Probes } from './probes.ts';
import type { PromiseBook } from './promise-book.ts';
import type { Requests } from './requests.ts';
import type { Unsettled } from './unsettled.ts';
import type { VacancyWatch } from './vacancy.ts';
import { epochMsFromIso } from './wall-time.ts';

/** Where an observation is gathered from. */
export interface Sources {
  readonly self: Self;
  readonly clock: Clock;
  readonly random: Random;
  readonly postgres: Postgres;
  readonly guard: Guard;
  readonly watchdog: Pick<Watchdog, 'state'>;
  readonly mirror: Mirror;
  readonly vacancy: VacancyWatch;
  readonly leaderWatch: LeaderWatch;
  readonly keeper: LeaseKeeper;
  readonly jobs: JobRunner;
  readonly fence: Fence;
  readonly probes: Probes;
  readonly requests: Requests;
  readonly unsettled: Unsettled;
  readonly promises: PromiseBook;
}

function guardView(answer: GuardAnswer): GuardView {
  if (answer.kind === 'unanswered') return answer;
  if (answer.state.kind !== 'armed') return answer.state;
  const { reign, leaseId, deadlineMs } = answer.state.order;
  return { kind: 'armed', reign, leaseId, deadlineMs };
}

/** A standby whose stream is gone; no word from it counts as well. */
function hasLostReceiver({ sql }: LocalPostgres): boolean {
  return sql.kind === 'unknown' || (sql.value.kind === 'standby' && sql.value.receiver === undefined);
}

/**
 * Asks every source at once, each within its own time, then reads the clock once. What was seen beside a job may be from before
 * its end: a job that ends meanwhile counts as running until the next look, for which its end has asked already.
 */
export async function observe(from: Sources, undone: Observation['undone']): Promise<Observation> {
  const jobBefore = from.jobs.running();
  const ended = from.jobs.ended();
  const [postgres, guard] = await Promise.all([
    from.postgres.observe(BUDGETS.observe),
    from.guard.state(BUDGETS.guard),
  ]);
  from.fence.noteSeen(postgres, jobBefore);
  from.vacancy.noteReceiver(hasLostReceiver(postgres));
  const nowMs = from.clock.bootMs();
  const wallAt = from.clock.wallAt();
  const cluster = from.mirror.view();
  return {
    nowMs,
    wallAt,
    wallMs: epochMsFromIso(wallAt),
    self: from.self,
    cluster,
    vacancy: cluster.kind === 'seen' ? from.vacancy.vacancy() : undefined,
    leaderSigns: from.leaderWatch.signs(),
    postgres,
    lease: from.keeper.state(),
    guard: guardView(guard),
    watchdog: from.watchdog.state(),
    job: jobBefore === undefined ? undefined : (from.jobs.running() ?? jobBefore),
    ended,
    peers: from.probes.all(),
    unsettled: from.unsettled.all(),
    promise: from.promises.view(),
    requests: from.requests.all(),
    undone,
    random: from.random.next(),
  };
}
