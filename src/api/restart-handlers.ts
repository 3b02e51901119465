import { epochMsOf } from '../core/model/timestamp.ts';
import type { DeskOutcome } from '../ports/desk.ts';
import { type Answer, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import { wantedRestart } from './restart-request.ts';

const SCHEDULED_ALREADY = 'Another restart is already scheduled';
/** Beside the time that the server may take to start. */
const STOP_MS = 75_000;

/** Answers once the restart is over, or scheduled. */
export async function postRestart({ body }: ApiRequest, { desk, situation }: Office): Promise<Answer> {
  if (situation === undefined) return text(503, 'the first cycle has not ended yet');
  const { observation, config, isPaused } = situation;
  const wallMs = observation.wallMs + desk.nowMs() - observation.nowMs;
  const wanted = wantedRestart(body, { wallMs, isPaused });
  if ('status' in wanted) return wanted;
  const { wish, schedule } = wanted;
  const atMs = schedule === undefined ? undefined : epochMsOf(schedule);
  if (schedule !== undefined && atMs !== undefined) {
    const outcome = await desk.operate({ kind: 'scheduleRestart', wish, at: schedule, atMs });
    return reply(outcome, 202, outcome.kind === 'notDone' && outcome.why === SCHEDULED_ALREADY ? 409 : 500);
  }
  const startMs = wish.timeoutMs ?? Math.max(config.primaryStartTimeoutMs, STOP_MS);
  return reply(await desk.operate({ kind: 'restart', wish }, STOP_MS + startMs), 200, 503);
}

export async function deleteRestart(_: ApiRequest, { desk }: Office): Promise<Answer> {
  return reply(await desk.operate({ kind: 'cancelRestart' }), 200, 404);
}

/** As on SIGHUP. */
export function postReload(_: ApiRequest, { desk }: Office): Answer {
  desk.reload();
  return text(202, 'reload scheduled');
}

function reply(outcome: DeskOutcome<string>, good: number, bad: number): Answer {
  if (outcome.kind === 'done') return text(good, outcome.value);
  if (outcome.kind === 'unknown') return text(503, outcome.why);
  return text(bad, outcome.kind === 'conflict' ? 'somebody else was faster' : outcome.why);
}
