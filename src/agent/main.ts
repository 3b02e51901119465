// The agent's life from its arguments to its exit code.
import { formatFinding } from '../config/finding.ts';
import { validateConfig } from '../config/validate-config.ts';
import { AgentLog } from './agent-log.ts';
import { readArguments, usage } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { live } from './life.ts';
import { LiveConfig } from './live-config.ts';
import { ownVersion } from './member-version.ts';
import { loadConfig, prepare } from './prepare.ts';
import { Refusal } from './refusal.ts';

const exitStopped = 0;
const exitRefused = 1;
const flushMs = 1_000;
const nodeMajorMin = 22;

/** The exit code. The caller ends the process with it, whatever is still open. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await obey(readArguments(args));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitRefused;
  }
}

async function obey(wanted: Arguments): Promise<number> {
  if (wanted.kind === 'help') process.stdout.write(usage);
  if (wanted.kind === 'version') process.stdout.write(`kornak ${ownVersion()}\n`);
  if (wanted.kind === 'validate') return validate(wanted);
  return wanted.kind === 'run' ? run(wanted.paths) : exitStopped;
}

async function validate(wanted: Extract<Arguments, { kind: 'validate' }>): Promise<number> {
  const findings = await validateConfig({ ...wanted, env: process.env });
  for (const found of findings) process.stderr.write(`${found.severity}: ${formatFinding(found)}\n`);
  return findings.some(({ severity }) => severity === 'error') ? exitRefused : exitStopped;
}

async function run(paths: readonly string[]): Promise<number> {
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
