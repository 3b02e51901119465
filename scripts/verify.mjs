// Runs the steps of `npm run check` and `npm test`, each to its end whatever failed before, and sums what they counted.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'build/results');
const totalMsMax = 25 * 60_000;
const killGraceMs = 10_000;

/** A step that counts as one: a script of package.json. */
const script = (name) => ({ name, args: [name], count: (status) => (status === 0 ? [1, 0] : [0, 1]) });

/** A step that counts its tests: a script of package.json that runs vitest. */
function tests(name) {
  const report = join(results, `${name.replace(':', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return { name, args: [name, '--', ...reporters], report, count: (status) => countTests(report, status) };
}

function countTests(report, status) {
  if (!existsSync(report)) return [0, 1];
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  if (numPendingTests > 0) console.log(`${numPendingTests} tests skipped`);
  // A file that cannot be loaded or an error outside of any test fails the run without failing a test.
  return [numPassedTests, status === 0 ? 0 : Math.max(1, numFailedTests)];
}

/** Steps of one group run side by side: those that only read the sources each keep a single core busy. */
const check = [['types', 'lint', 'format:check', 'dead-code'].map(script), [tests('test:unit')], [tests('test:sim')]];
const rest = [[tests('test:launch')], [tests('test:contract')], [script('sim:mutants')], [tests('test:integration')]];
const plans = { check, all: [...check, ...rest] };

function endGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Its exit code. The step gets a process group of its own, so that one that hangs is ended with all that it started. */
function run(args, deadlineMs) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    const interrupt = () => endGroup(child, 'SIGINT');
    const late = setTimeout(() => {
      console.log(`${args[0]}: no time left`);
      endGroup(child, 'SIGTERM');
      setTimeout(() => endGroup(child, 'SIGKILL'), killGraceMs).unref();
    }, deadlineMs - performance.now());
    process.once('SIGINT', interrupt);
    child.on('error', () => resolve(1));
    child.on('exit', (status) => {
      clearTimeout(late);
      process.off('SIGINT', interrupt);
      resolve(status ?? 1);
    });
  });
}

async function runStep(step, deadlineMs) {
  const startedMs = performance.now();
  if (step.report !== undefined) rmSync(step.report, { force: true });
  const [passed, failed] = step.count(await run(step.args, deadlineMs));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  return { name: step.name, passed, failed, seconds };
}

/** Prints one plain closing line, `N passed, N failed`, and returns the exit code. */
export async function verify(plan) {
  mkdirSync(results, { recursive: true });
  const deadlineMs = performance.now() + totalMsMax;
  const known = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
  const outcomes = [];
  let interrupted = false;
  process.once('SIGINT', () => (interrupted = true));
  for (const group of plans[plan]) {
    const steps = group.filter(({ name }) => known[name] !== undefined);
    if (interrupted || steps.length === 0) continue;
    console.log(`\n── ${steps.map(({ name }) => name).join(', ')}`);
    outcomes.push(...(await Promise.all(steps.map((step) => runStep(step, deadlineMs)))));
  }
  console.log('');
  for (const { name, passed, failed, seconds } of outcomes) {
    console.log(
      `${failed > 0 ? 'FAILED' : 'ok    '} ${name.padEnd(18)} ${passed} of ${passed + failed} in ${seconds} s`,
    );
  }
  const sum = (key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 && !interrupted ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await verify(process.argv[2]);
