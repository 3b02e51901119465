// `npm run soak:sim [-- --hours H]`, the same as `npm run sim -- --soak`: goes on where the last soak ended. The ledger's last row is
// brought up to date after every batch, so that it may be stopped at any moment. Exit 1: an invariant broke; the row names the seeds.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const ledger = resolve(root, 'docs/explain/soak-ledger.md');
/** `npm run check` takes the seeds below. */
const FIRST_SEED = 100_001;
const BATCH = 20;
const HOUR_MS = 3_600_000;
const HEADER = `
## Soaks by the hour

Each seed is two hours of faults at a pace of its own, then healing. \`npm run soak:sim -- --hours H\` goes on after the last row; hours
count per state of \`src/\`.

| date | src | seeds | hours | violations | faults | leader changes | acknowledged commits | minutes |
| ---- | --- | ----- | ----- | ---------- | ------ | -------------- | -------------------- | ------- |
`;

function git(...args) {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();
}

/** Hash of the tree \`src/\`, with \`+\` where it has changes that are not committed. */
function sourceState() {
  const isDirty = git('status', '--porcelain', '--', 'src') !== '';
  return git('rev-parse', '--short=10', 'HEAD:src') + (isDirty ? '+' : '');
}

function batch(from) {
  const { stdout } = spawnSync(
    process.execPath,
    [resolve(root, 'scripts/sim.mjs'), '--long', '--seeds', String(BATCH), '--from', String(from), '--json'],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(stdout);
}

const { values } = parseArgs({ options: { hours: { type: 'string', default: '100' } } });
const hoursWanted = Number(values.hours);
if (!(hoursWanted > 0)) {
  console.error('usage: npm run soak:sim [-- --hours H]');
  process.exit(2);
}
const before = existsSync(ledger) ? readFileSync(ledger, 'utf8') : '# Soak ledger\n';
const kept = before.includes('## Soaks by the hour') ? before : `${before.trimEnd()}\n${HEADER}`;
const last = [...kept.matchAll(/^\| [\d-]+ \| [0-9a-f]+\+? \| \d+–(\d+) /gm)].at(-1);
const from = last === undefined ? FIRST_SEED : Number(last[1]) + 1;
const startedMs = performance.now();
const sum = { runs: 0, simulatedMs: 0, faults: 0, leaderChanges: 0, acknowledged: 0 };
const violations = [];

function row() {
  const cells = [
    new Date().toISOString().slice(0, 10),
    sourceState(),
    `${from}–${from + sum.runs - 1}`,
    Math.round(sum.simulatedMs / HOUR_MS),
    violations.length === 0 ? '0' : `${violations.length}: ${violations.map(({ seed }) => `seed ${seed}`).join(', ')}`,
    Math.round(sum.faults),
    Math.round(sum.leaderChanges),
    Math.round(sum.acknowledged),
    ((performance.now() - startedMs) / 60_000).toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

while (sum.simulatedMs < hoursWanted * HOUR_MS) {
  const summary = batch(from + sum.runs);
  sum.runs += summary.runs;
  for (const name of ['simulatedMs', 'faults', 'leaderChanges', 'acknowledged'])
    sum[name] += summary.perRun[name] * summary.runs;
  violations.push(...summary.violations);
  for (const { seed, text } of summary.violations) console.log(`seed ${seed}: ${text}`);
  writeFileSync(ledger, `${kept.trimEnd()}\n${row()}\n`);
}
console.log(row());
process.exit(violations.length === 0 ? 0 : 1);
