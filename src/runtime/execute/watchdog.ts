import { DONE, notDone, type Perform } from './hands.ts';

export const armWatchdog: Perform<'armWatchdog'> = async ({ timeoutS }, { feeder, keeper }) => {
  if (!feeder.mayArm(timeoutS)) {
    keeper.checkNow();
    return notDone('the lease is to be renewed first');
  }
  const state = await feeder.arm(timeoutS);
  if (state.kind !== 'armed') return notDone(state.kind === 'unusable' ? state.why : 'the watchdog was not armed');
  // The next deadline leaves time to put the device away.
  keeper.checkNow();
  return DONE;
};

export const disarmWatchdog: Perform<'disarmWatchdog'> = (_step, { feeder }) => {
  const state = feeder.disarm();
  return Promise.resolve(state.kind === 'armed' ? notDone('the watchdog cannot be disarmed') : DONE);
};
