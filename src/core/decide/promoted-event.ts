import type { FinishedJob } from '../model/job.ts';
import type { Observation } from '../model/observation.ts';
import type { Evidence, EventDraft } from './context.ts';

/** How long ago the key was taken, the promotion sent and the server open: all by one clock, and exact however late it is told. */
export function promotedEvent({ outcome, startedMs, endedMs }: FinishedJob, { lease, nowMs }: Observation): EventDraft {
  const { timeline, promotion } = outcome.kind === 'done' ? outcome.facts : {};
  const held: Evidence = lease.kind === 'held' ? { reign: lease.reign, keyAgoMs: nowMs - lease.takenMs } : {};
  const sent: Evidence =
    promotion === undefined ? {} : { sentAgoMs: nowMs - promotion.sentMs, openAgoMs: nowMs - promotion.openMs };
  return {
    kind: 'postgres.promoted',
    text: 'PostgreSQL left recovery',
    evidence: { tookMs: endedMs - startedMs, ...held, ...(timeline === undefined ? {} : { timeline }), ...sent },
  };
}
