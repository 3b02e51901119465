import { formatFinding } from '../config/finding.ts';
import { load } from '../config/load.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { AgentLog } from './agent-log.ts';
import type { LiveConfig } from './live-config.ts';

/** Reads the configuration again. One that is wrong changes nothing: the one in force stays. */
export async function reload(
  paths: readonly string[],
  live: LiveConfig,
  runtime: Runtime,
  log: AgentLog,
): Promise<void> {
  const { config, findings } = await load(paths, process.env);
  for (const found of findings) log.log(found.severity === 'error' ? 'ERROR' : 'WARNING', formatFinding(found));
  if (config === undefined) {
    log.log('ERROR', 'the configuration was not reloaded');
    return;
  }
  const restart = live.replace(config);
  log.configure(config.log);
  log.log('INFO', 'the configuration was reloaded');
  if (restart.length > 0) log.log('WARNING', `not in force before a restart of the agent: ${restart.join(', ')}`);
  runtime.wake('the configuration was reloaded');
}
