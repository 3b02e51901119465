import type { PendingRestart, StartupParameter } from '../model/restart.ts';
import { COMMAND_LINE_PARAMETERS } from './controlled-parameters.ts';
import type { SettingMap } from './read-settings.ts';
import { serverParameters } from './server-parameters.ts';

const NOBODY = { listenAddresses: '', port: 0, clusterName: '', majorVersion: 0 };
const CONTROLLED: ReadonlySet<string> = new Set(COMMAND_LINE_PARAMETERS.map(({ name }) => name));

/**
 * What waits for a restart: parameters that stand on the command line, against the configuration, since the server never reads
 * those from a file; of all others what the server itself says. undefined: nothing waits.
 */
export function pendingRestart(
  running: readonly StartupParameter[],
  parameters: SettingMap,
): PendingRestart | undefined {
  const wanted = serverParameters({}, { parameters }, NOBODY).parameters;
  const changes = running.flatMap(({ name, value, pending }) => {
    const next = CONTROLLED.has(name) ? wanted.get(name)?.text : pending;
    return next === undefined || next === value ? [] : [[name, { old_value: value, new_value: next }] as const];
  });
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}
