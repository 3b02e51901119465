// `kornak demo`: chooses the view, takes signals, and ends with the line and the exit code that scripts read.
import { ActionQueue, type DemoEnd, runDemo } from './demo.ts';
import { LiveView } from './live-view.ts';
import { type DemoOptions, readOptions, USAGE } from './options.ts';
import { PlainView } from './plain-view.ts';
import { EXIT, exitCode, type Verdict, verdictLine } from './verdict.ts';
import type { View } from './view.ts';

const NOT_STARTED: Verdict = {
  recovered: false,
  outageMs: 0,
  acknowledged: 0,
  lost: undefined,
  streaming: 0,
  shouldStream: 0,
};

export async function main(argv: readonly string[]): Promise<number> {
  const read = readOptions(argv);
  if (read.kind === 'help') return print(USAGE, 0);
  if (read.kind === 'run') return runAndTell(read.options);
  console.error(`${read.why}\n\n${USAGE}`);
  return print(verdictLine(NOT_STARTED), EXIT.notStarted);
}

async function runAndTell(options: DemoOptions): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupt);
  const actions = new ActionQueue();
  for (const action of options.script ?? []) actions.push(action);
  const view = chooseView(actions, interrupt);
  // With a terminal the keys go on where the script ends.
  if (options.script !== undefined && !isTerminal()) actions.close();
  const end = await runDemo({ options, view, actions, interrupted: interruption.signal });
  return tell(end);
}

function tell(end: DemoEnd): number {
  if (end.kind === 'verdict') return print(verdictLine(end.verdict), exitCode(end.verdict));
  console.error(end.why);
  return print(verdictLine(NOT_STARTED), EXIT.notStarted);
}

function isTerminal(): boolean {
  return process.stdout.isTTY && process.stdin.isTTY;
}

function chooseView(actions: ActionQueue, onInterrupt: () => void): View {
  if (!process.stdout.isTTY) return new PlainView((line) => console.log(line));
  return new LiveView({
    output: process.stdout,
    input: isTerminal() ? process.stdin : undefined,
    onAction: (action) => actions.push(action),
    onInterrupt,
  });
}

function print(line: string, code: number): number {
  console.log(line);
  return code;
}
