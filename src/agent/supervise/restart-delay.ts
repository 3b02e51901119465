const stepMs = 100;
const delayMsMax = 30_000;
/** An agent that lived as long did not crash for a reason that it was started with. */
export const steadyMs = 60_000;

/**
 * How long to wait before an agent that crashed is started again. The first time not at all: it is to be back within its leader
 * lease. `crashes`: how many there were in a row, none of which came after the agent had been steady.
 */
export function restartDelayMs(crashes: number): number {
  return crashes <= 1 ? 0 : Math.min(stepMs * 2 ** (crashes - 2), delayMsMax);
}
