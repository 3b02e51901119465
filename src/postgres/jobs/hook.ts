import { atMost, type Deadline } from '../deadline.ts';
import type { Hook } from '../options.ts';
import { programFailure, runProgram } from '../run-program.ts';

/** Runs a program of the user's to its end, or ends it with its children when its time is up. Why it failed; undefined: it did not. */
export async function runHook(
  name: string,
  { words, timeoutMs }: Hook,
  deadline: Deadline,
): Promise<string | undefined> {
  const [program = '', ...args] = words;
  const result = await runProgram({ program, args, runAs: undefined, deadline: atMost(deadline, timeoutMs) });
  return result.kind === 'exited' && result.code === 0 ? undefined : programFailure(name, result);
}
