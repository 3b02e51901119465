import { write } from 'node:fs';

/** Lines that wait while the disk is slow. What is beyond is lost: the guard has better things to do. */
const waitingMax = 20;

/** Writes to standard error without ever waiting for the disk that it is on. */
export function openQuietLog(): (text: string) => void {
  const waiting: string[] = [];
  let writing = false;
  const next = (): void => {
    const line = waiting.shift();
    writing = line !== undefined;
    if (line !== undefined) write(2, line, () => next());
  };
  return (text) => {
    if (waiting.length < waitingMax) waiting.push(`${new Date().toISOString()} guard ${process.pid}: ${text}\n`);
    if (!writing) next();
  };
}
