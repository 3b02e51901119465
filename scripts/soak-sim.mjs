// `npm run soak:sim [-- --seeds N]`: goes on where the last soak ended and adds a row to the ledger, so that results of many
// sittings add up. Exit 1: an invariant broke; the row names the seeds.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const ledger = resolve(root, 'docs/explain/soak-ledger.md');
/** `npm run check` takes the seeds below. */
const FIRST_SEED = 10_001;
const HEADER = `# Soak ledger

Simulated clusters beyond those of \`npm run check\`: each seed is ten minutes of faults, then healing, with every invariant checked after
every step. \`npm run soak:sim\` goes on after the last row.

| date | seeds | violations | faults | leader changes | acknowledged commits | minutes |
| ---- | ----- | ---------- | ------ | -------------- | -------------------- | ------- |
`;

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1000' } } });
const count = Number(values.seeds);
if (!Number.isInteger(count) || count < 1) {
  console.error('usage: npm run soak:sim [-- --seeds N]');
  process.exit(2);
}
if (!existsSync(ledger)) writeFileSync(ledger, HEADER);
const last = [...readFileSync(ledger, 'utf8').matchAll(/^\| [\d-]+ \| \d+–(\d+) /gm)].at(-1);
const from = last === undefined ? FIRST_SEED : Number(last[1]) + 1;

const startedMs = performance.now();
const { status, stdout } = spawnSync(
  process.execPath,
  [resolve(root, 'scripts/sim.mjs'), '--seeds', String(count), '--from', String(from), '--json'],
  { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] },
);
const summary = JSON.parse(stdout);
const total = (name) => Math.round(summary.perRun[name] * summary.runs);
const violations =
  summary.violations.length === 0 ? '0' : summary.violations.map(({ seed }) => `seed ${seed}`).join(', ');
const cells = [
  new Date().toISOString().slice(0, 10),
  `${from}–${from + count - 1}`,
  violations,
  total('faults'),
  total('leaderChanges'),
  total('acknowledged'),
  ((performance.now() - startedMs) / 60_000).toFixed(1),
];
const row = `| ${cells.join(' | ')} |`;
appendFileSync(ledger, `${row}\n`);
console.log(row);
for (const { seed, text } of summary.violations) console.log(`seed ${seed}: ${text}`);
process.exit(status === 0 && summary.violations.length === 0 ? 0 : 1);
