// The agent's life from its arguments to its exit code.
import { formatFinding } from '../config/finding.ts';
import { validateConfig } from '../config/validate-config.ts';
import { AgentLog } from './agent-log.ts';
import { readArguments, usage } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { compose } from './compose.ts';
import { LiveConfig } from './live-config.ts';
import { ownVersion } from './member-version.ts';
import { loadConfig, prepare } from './prepare.ts';
import { Refusal } from './refusal.ts';
import { reload } from './reload.ts';

const exitStopped = 0;
const exitRefused = 1;
const exitBroken = 70;
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
  const { config } = loaded;
  const log = new AgentLog(config.log);
  for (const found of loaded.findings) log.log('WARNING', formatFinding(found));
  try {
    const place = await prepare(loaded);
    for (const found of place.warnings) log.log('WARNING', formatFinding(found));
    warnOfOldNode(log);
    log.log(
      'INFO',
      `kornak ${ownVersion()}: member ${config.name} of ${config.scope}, data directory ${place.dataDir}`,
    );
    return await new Promise<number>((resolve, reject) => {
      const live = new LiveConfig(config);
      let isOver = false;
      const agent = compose(live, place, log, (code) => void agent.close().then(() => resolve(code)));
      const stop = (signal: string): void => {
        log.log('INFO', isOver ? `${signal}: stopping already` : `${signal}: stopping`);
        if (isOver) return;
        isOver = true;
        if (isStarted) void agent.runtime.requestShutdown();
        else resolve(exitStopped);
      };
      let isStarted = false;
      listenToSignals({ stop, reload: () => void reload(paths, live, agent.runtime, log) });
      dieOfTheUnexpected(log);
      agent.start(() => isOver).then(() => (isStarted = true), reject);
    });
  } finally {
    await log.flush(flushMs);
  }
}

function warnOfOldNode(log: AgentLog): void {
  if (Number.parseInt(process.versions.node, 10) >= nodeMajorMin) return;
  log.log('WARNING', `Node.js ${process.versions.node} gets no security fixes any more: use version 24`);
}

function listenToSignals(actions: { readonly stop: (signal: string) => void; readonly reload: () => void }): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => actions.stop(signal));
  process.on('SIGHUP', actions.reload);
}

/** An error that nobody foresaw: nothing is renewed any more, and the guard ends PostgreSQL unless another agent adopts it. */
function dieOfTheUnexpected(log: AgentLog): void {
  const die = async (error: unknown): Promise<void> => {
    log.log('ERROR', `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await log.flush(flushMs);
    process.exit(exitBroken);
  };
  process.on('uncaughtException', (error) => void die(error));
  process.on('unhandledRejection', (reason) => void die(reason));
}
