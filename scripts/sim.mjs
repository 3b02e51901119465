// Runs the simulation: `--seed N [--trace]` one seed, `--seeds N [--from M]` many on all cores (`--options-of MUTANT`: under its options), `--mutants [NAME]` each removed
// mechanism until a seed catches it (with `--all` also those that take many), `--soak [--hours H]` hours of simulated time with a ledger. `--json` prints what machines read. Exit 1: an invariant broke, or a mutant escaped.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const root = resolve(import.meta.dirname, '..');
const MUTANT_SEEDS_MAX = 500;

/**
 * For a program that lives a minute on as many cores as there are workers: compiled sooner and with less inlining it saves more than
 * it runs slower, and what one cycle leaves behind is gone before it is moved anywhere.
 */
const ENGINE_FLAGS = ['--always-sparkplug', '--max-inlined-bytecode-size-cumulative=150', '--max-semi-space-size=32'];

const load = (file) => import(pathToFileURL(resolve(root, 'dist/sim', file)).href);

function build() {
  const tsc = resolve(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b', resolve(root, 'src/sim')], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}

async function work() {
  const { simulate } = await load('run.js');
  const { MUTANTS } = await load('mutant/mutants.js');
  const answer = async ({ seed, mutant, isControl, isSoak }) => {
    const result = await simulate({ seed, isControl, isSoak, mutant: MUTANTS.find((each) => each.name === mutant) });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
    parentPort.postMessage(result);
  };
  // A run that throws ends the worker, and with it everything: it is a defect of the simulation itself.
  parentPort.on('message', (job) => void answer(job));
}

/** Hands out jobs to one worker per core until there are none; `next` returns undefined when it has none now. */
function pool(next, done) {
  const size = Math.max(1, Math.min(availableParallelism(), 8));
  const workers = Array.from({ length: size }, () => new Worker(new URL(import.meta.url)));
  const run = (worker) =>
    new Promise((finish, fail) => {
      let job;
      const take = () => {
        job = next();
        if (job === undefined) finish(worker.terminate());
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
        else worker.postMessage(job);
      };
      worker.on('error', fail);
      worker.on('message', (result) => {
        done(job, result);
        take();
      });
      take();
    });
  return Promise.all(workers.map(run));
}

async function manySeeds(from, count, { mutant, isSoak }) {
  const { summarize } = await load('summary.js');
  const results = [];
  let seed = from;
  await pool(
    () => (seed < from + count ? { seed: seed++, mutant, isControl: true, isSoak } : undefined),
    (_job, result) => results.push(result),
  );
  return summarize(results.toSorted((a, b) => a.seed - b.seed));
}

async function allMutants(only, isWhole) {
  const { MUTANTS } = await load('mutant/mutants.js');
  const isMeant = ({ name, isSlow }) => (only === undefined ? isWhole || isSlow !== true : name === only);
  const rows = MUTANTS.filter(isMeant).map(({ name, without }) => ({
    name,
    without,
    next: 1,
    tried: 0,
    caught: undefined,
  }));
  const isOpen = (row) => row.caught === undefined && row.next <= MUTANT_SEEDS_MAX;
  await pool(
    () => {
      const row = rows.find(isOpen);
      if (row !== undefined) return { seed: row.next++, mutant: row.name };
      // What catches a mutant must find nothing while the mechanism is there.
      const caught = rows.find((each) => each.caught !== undefined && each.control === undefined);
      if (caught !== undefined) caught.control = 'asked';
      return caught && { seed: caught.caught.seed, mutant: caught.name, isControl: true };
    },
    (job, result) => {
      const row = rows.find(({ name }) => name === job.mutant);
      if (job.isControl) {
        row.control = result.violation?.text ?? 'clean';
        return;
      }
      row.tried += 1;
      if (result.violation !== undefined && (row.caught === undefined || result.seed < row.caught.seed))
        row.caught = { seed: result.seed, text: result.violation.text, invariant: result.violation.invariant };
    },
  );
  return rows;
}

function printSummary(summary, seconds) {
  for (const { seed, text } of summary.violations) console.log(`seed ${seed}: ${text}`);
  const figures = Object.entries(summary.perRun).map(([name, value]) => `${name} ${value.toFixed(1)}`);
  console.log(
    `faults: ${Object.entries(summary.faults)
      .map((pair) => pair.join(' '))
      .join(', ')}`,
  );
  console.log(
    `stood still: ${Object.entries(summary.standstills)
      .map((pair) => pair.join(' '))
      .join(', ')}`,
  );
  console.log(
    `rules: ${Object.entries(summary.rules)
      .map((pair) => pair.join(' '))
      .join(', ')}`,
  );
  console.log(`per run: ${figures.join(', ')}`);
  console.log(`${summary.runs} runs, ${summary.violations.length} violations, ${seconds.toFixed(1)} s`);
}

function printMutants(rows) {
  for (const { name, tried, caught, control } of rows) {
    const how = caught === undefined ? 'ESCAPED' : `seed ${String(caught.seed).padEnd(4)} ${caught.text.slice(0, 110)}`;
    if (caught !== undefined && control !== 'clean') console.log(`${name}: also without the mutation: ${control}`);
    console.log(`${name.padEnd(28)} ${String(tried).padStart(4)} tried  ${how}`);
  }
}

async function main(args) {
  const value = (flag) => {
    const at = args.indexOf(flag);
    const next = args[at + 1];
    return at < 0 || next?.startsWith('--') ? undefined : next;
  };
  if (args.includes('--soak')) {
    const rest = args.filter((arg) => arg !== '--soak');
    const soak = resolve(root, 'scripts/soak-sim.mjs');
    return spawnSync(process.execPath, [soak, ...rest], { stdio: 'inherit' }).status === 0;
  }
  build();
  const startedMs = performance.now();
  if (args.includes('--mutants')) {
    const rows = await allMutants(value('--mutants'), args.includes('--all'));
    if (args.includes('--json')) console.log(JSON.stringify(rows));
    else printMutants(rows);
    return rows.every(({ caught, control }) => caught !== undefined && control === 'clean');
  }
  if (value('--seed') !== undefined) {
    const { simulate } = await load('run.js');
    const { MUTANTS } = await load('mutant/mutants.js');
    const mutant = MUTANTS.find(({ name }) => name === value('--mutant'));
    const result = await simulate({
      seed: Number(value('--seed')),
      isTraced: args.includes('--trace'),
      isControl: args.includes('--control'),
      isSoak: args.includes('--long'),
      mutant,
    });
    for (const line of result.trace) console.log(line);
    console.log(
      JSON.stringify({
        ...result,
        faults: [...result.faults],
        rules: [...result.rules],
        standstills: [...result.standstills],
        situations: undefined,
        trace: undefined,
      }),
    );
    return result.violation === undefined;
  }
  const summary = await manySeeds(Number(value('--from') ?? 1), Number(value('--seeds') ?? 500), {
    mutant: value('--options-of'),
    isSoak: args.includes('--long'),
  });
  if (args.includes('--json')) console.log(JSON.stringify(summary));
  else printSummary(summary, (performance.now() - startedMs) / 1000);
  return summary.violations.length === 0;
}

if (isMainThread) ENGINE_FLAGS.forEach((flag) => setFlagsFromString(flag));
if (isMainThread) process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
else await work();
