import type { JobOutcome } from '../../core/model/job.ts';
import { BUDGETS } from '../budgets.ts';
import { DONE, notDone, type Perform, type StepOutcome } from './hands.ts';

function fromJob(outcome: JobOutcome): StepOutcome {
  return outcome.kind === 'done' ? DONE : notDone(outcome.why);
}

export const applySettings: Perform<'applySettings'> = async ({ settings, callback }, { callbacks, postgres }) => {
  const outcome = await postgres.applySettings(settings, BUDGETS.settings);
  if (outcome.kind === 'done' && callback !== undefined) callbacks.call(callback);
  return fromJob(outcome);
};

export const createSlot: Perform<'createSlot'> = async ({ name }, { postgres }) =>
  fromJob(await postgres.createSlot(name, BUDGETS.slot));

export const dropSlot: Perform<'dropSlot'> = async ({ name }, { postgres }) =>
  fromJob(await postgres.dropSlot(name, BUDGETS.slot));

export const advanceSlots: Perform<'advanceSlots'> = async ({ to }, { postgres }) =>
  fromJob(await postgres.advanceSlots(to, BUDGETS.slot));

export const tendLogicalSlots: Perform<'tendLogicalSlots'> = ({ work }, { postgres }) => {
  postgres.tendLogicalSlots(work);
  return Promise.resolve(DONE);
};
export const resumeReplay: Perform<'resumeReplay'> = async (_step, { postgres }) =>
  fromJob(await postgres.resumeReplay(BUDGETS.settings));

export const startJob: Perform<'startJob'> = ({ job, deadlineMs }, { fence, jobs }) => {
  const started = jobs.start(job, deadlineMs);
  fence.noteStarted();
  return Promise.resolve(started ? DONE : notDone('another job is under way'));
};

export const cancelJob: Perform<'cancelJob'> = (_step, { jobs }) => {
  jobs.cancel();
  return Promise.resolve(DONE);
};
