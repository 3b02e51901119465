// Runs a program of dist/ in this very process, because the signals must reach the agent itself.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildProblem } from './build-problem.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Ends the process with the program's exit code, whatever the program left open. */
export async function runBuilt(program, args) {
  const main = new URL(`../dist/${program}/main.js`, import.meta.url);
  const problem = buildProblem(root) ?? (existsSync(main) ? undefined : `dist/${program}/main.js is missing`);
  if (problem !== undefined) {
    console.error(`${problem}. Run this first: npm --prefix ${root} run build`);
    process.exit(1);
  }
  const { main: run } = await import(main.href);
  process.exit(await run(args));
}
