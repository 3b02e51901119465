/** Where postmaster.pid has the postmaster's own word for what it is doing, counted from 0; in English whatever the locale. */
const STATUS_LINE = 7;

/** The running postmaster has not opened for connections yet. One so young that it has written no word yet counts too. */
export function isStarting(pidFile: string | undefined): boolean {
  const status = pidFile?.split('\n')[STATUS_LINE]?.trim() ?? '';
  return status === '' || status === 'starting' || status === 'standby';
}

/** It is open for connections, in recovery or not. */
export function isReady(pidFile: string | undefined): boolean {
  return pidFile?.split('\n')[STATUS_LINE]?.trim() === 'ready';
}
