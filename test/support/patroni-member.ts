// Debian's Patroni, run on a file as our agent is.
import { existsSync } from 'node:fs';
import { AS_POSTGRES } from './as-postgres.ts';
import type { AgentCommand } from './kornak-cluster.ts';

export const PATRONI = '/usr/bin/patroni';

export const patroniCommand: AgentCommand = (...args) => [...AS_POSTGRES, PATRONI, ...args];

/** Why there can be no such member here; undefined: there can. */
export function patroniMissing(): string | undefined {
  return existsSync(PATRONI) ? undefined : `${PATRONI} is not there: apt-get install patroni`;
}
