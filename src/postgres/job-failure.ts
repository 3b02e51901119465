import type { JobOutcome } from '../core/model/job.ts';

/** Ends a piece of work with a reason for people: which place, what is wrong, what to do. Never leaves this folder. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure';
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs work to its outcome; whatever it throws becomes the reason. */
export async function outcomeOf(work: () => Promise<JobOutcome>): Promise<JobOutcome> {
  try {
    return await work();
  } catch (error) {
    return { kind: 'failed', why: reasonOf(error) };
  }
}
