// The agent's life from its arguments to its exit code.
// What only some of it needs is loaded there: the supervisor stays small, and the agent that it starts does not load twice.
import { AgentLog } from './agent-log.ts';
import { readArguments, usage } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { ownVersion } from './member-version.ts';
import { Refusal } from './refusal.ts';
import { supervise } from './supervise/supervisor.ts';

const exitStopped = 0;
const exitRefused = 1;
const flushMs = 1_000;

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
  if (wanted.kind === 'supervise') return superviseAgent(wanted.agentArgs);
  if (wanted.kind !== 'run') return exitStopped;
  const { run } = await import('./run.ts');
  return run(wanted.paths);
}

/** The same launcher under the same Node.js, without `--supervise`. */
async function superviseAgent(agentArgs: readonly string[]): Promise<number> {
  const log = new AgentLog({ level: 'INFO', type: 'plain' });
  const command = [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...agentArgs] as const;
  const code = await supervise({ command, signals: process, say: (text) => log.log('WARNING', text) });
  await log.flush(flushMs);
  return code;
}

async function validate(wanted: Extract<Arguments, { kind: 'validate' }>): Promise<number> {
  const [{ validateConfig }, { formatFinding }] = await Promise.all([
    import('../config/validate-config.ts'),
    import('../config/finding.ts'),
  ]);
  const findings = await validateConfig({ ...wanted, env: process.env });
  for (const found of findings) process.stderr.write(`${found.severity}: ${formatFinding(found)}\n`);
  return findings.some(({ severity }) => severity === 'error') ? exitRefused : exitStopped;
}
