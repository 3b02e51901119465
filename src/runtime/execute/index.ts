// How each kind of step is done. A step is complete: nothing here chooses.
import type { Step, StepKind } from '../../core/model/plan.ts';
import { BUDGETS } from '../budgets.ts';
import {
  cancelInitialize,
  raceInitialize,
  refreshHistory,
  setInitialize,
  writeConfig,
  writeFailover,
  writeHistory,
  writeStatus,
} from './cluster-keys.ts';
import type { Hands, Perform, StepOf, StepOutcome } from './hands.ts';
import { armGuard, clearUnguarded, markUnguarded, notePause, standDown } from './maintenance.ts';
import { adoptKey, disarmGuard, fence, releaseKey } from './leadership.ts';
import {
  advanceSlots,
  applySettings,
  cancelJob,
  createSlot,
  dropSlot,
  resumeReplay,
  startJob,
  tendLogicalSlots,
} from './local-work.ts';
import { answer, exit } from './people.ts';
import { putPledge, withdrawPledge } from './pledge.ts';
import { takeKey } from './take-key.ts';
import { writeFailsafe } from './write-failsafe.ts';
import { armWatchdog, disarmWatchdog } from './watchdog.ts';
import { deleteSync, writeSync } from './write-sync.ts';

const PERFORM: { readonly [K in StepKind]: Perform<K> } = {
  raceInitialize,
  setInitialize,
  cancelInitialize,
  writeConfig,
  takeKey,
  adoptKey,
  releaseKey,
  markUnguarded,
  standDown,
  armGuard,
  clearUnguarded,
  notePause,
  resumeReplay,
  putPledge,
  withdrawPledge,
  writeSync,
  deleteSync,
  writeFailover,
  writeFailsafe,
  writeStatus,
  writeHistory,
  refreshHistory,
  applySettings,
  createSlot,
  dropSlot,
  advanceSlots,
  tendLogicalSlots,
  startJob,
  cancelJob,
  fence,
  disarmGuard,
  armWatchdog,
  disarmWatchdog,
  answer,
  exit,
};

/** The kind stands beside the step, so that the compiler ties the two together. */
function perform<K extends StepKind>(kind: K, step: StepOf<K>, hands: Hands): Promise<StepOutcome> {
  return PERFORM[kind](step, hands);
}

export interface Undone {
  readonly step: Step;
  readonly why: string;
}

/** Does the steps in order. The first that is not done, or whose decision has got old, ends the list and is told. */
export async function execute(steps: readonly Step[], hands: Hands): Promise<Undone | undefined> {
  const decidedMs = hands.clock.bootMs();
  for (const step of steps) {
    if (hands.clock.bootMs() - decidedMs > BUDGETS.steps) return { step, why: 'the steps before it took too long' };
    const outcome = await perform(step.kind, step, hands);
    if (outcome.kind === 'notDone') return { step, why: outcome.why };
  }
  return undefined;
}
