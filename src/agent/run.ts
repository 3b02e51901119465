// Runs the agent, from its configuration to its exit code.
import { formatFinding } from '../config/finding.ts';
import { AgentLog } from './agent-log.ts';
import { live } from './life.ts';
import { LiveConfig } from './live-config.ts';
import { ownVersion } from './member-version.ts';
import { loadConfig, prepare } from './prepare.ts';

const flushMs = 1_000;
const nodeMajorMin = 22;

export async function run(paths: readonly string[]): Promise<number> {
  const loaded = await loadConfig(paths);
  const { config, findings } = loaded;
  const log = new AgentLog(config.log);
  try {
    // An error stands alone on the screen: the warnings come once there is none.
    const place = await prepare(loaded);
    for (const found of [...findings, ...place.warnings]) log.log('WARNING', formatFinding(found));
    warnOfOldNode(log);
    const who = `member ${config.name} of ${config.scope}, data directory ${place.dataDir}`;
    log.log('INFO', `kornak ${ownVersion()}: ${who}`);
    return await live({ paths, config: new LiveConfig(config), place, log });
  } finally {
    await log.flush(flushMs);
  }
}

function warnOfOldNode(log: AgentLog): void {
  if (Number.parseInt(process.versions.node, 10) >= nodeMajorMin) return;
  log.log('WARNING', `Node.js ${process.versions.node} gets no security fixes any more: use version 24`);
}
