import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PRODUCTS } from '../../../bench/cluster/product.ts';
import { Journal } from '../../../bench/journal.ts';
import { writeReport } from '../../../bench/report/write-report.ts';
import { quantile, summarise } from '../../../bench/summary.ts';

const dir = mkdtempSync(join(tmpdir(), 'kornak-report-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const kornak = { ...PRODUCTS.kornak, version: () => 'Kornak 1' };

test('the report has a row for what was measured, its loss, its command and its charts', async () => {
  const file = join(dir, 'benchmarks', 'runs.jsonl');
  const journal = new Journal(file);
  const run = {
    mode: 'off',
    fault: 'node-dies',
    effectiveOutageMs: 1_234,
    lost: 3,
    overlapMs: 0,
    wholeMs: 2_000,
    firstAckMs: 1_230,
    chain: { 'key gone': 900, 'key taken': 1_000, 'first ack': 1_230 },
  };
  journal.add('failover', kornak, run);
  journal.add('failover', kornak, { ...run, effectiveOutageMs: 2_345, lost: 0 });
  await writeReport(file);
  const text = readFileSync(join(dir, 'benchmarks.md'), 'utf8');
  expect(text).toContain('### node dies (agent, guard and PostgreSQL together)');
  expect(text).toMatch(/kornak off +\| 1\.79 s \(1\.23 s–2\.35 s\), n = 2 +\| 3 0 /);
  expect(text).toContain('`npm run bench --');
  const svg = readFileSync(join(dir, 'benchmarks', 'outage.svg'), 'utf8');
  expect(svg).toContain('1.79 s, n = 2, 3 rows lost');
  expect(readFileSync(join(dir, 'benchmarks', 'chain.svg'), 'utf8')).toContain('to key taken');
});

test('runs of an older version are not mixed with those of the newest', async () => {
  const file = join(dir, 'again', 'runs.jsonl');
  const journal = new Journal(file);
  journal.add('list', { ...kornak, version: () => 'Kornak 0' }, { tookMs: 9_000 });
  journal.add('list', kornak, { tookMs: 200 });
  await writeReport(file);
  const text = readFileSync(join(dir, 'benchmarks.md'), 'utf8');
  expect(text).toContain('0.20 s (0.20 s–0.20 s), n = 1');
});

test('middle and shares of values', () => {
  expect(summarise([4, 1, 3, 2])).toEqual({ n: 4, min: 1, median: 2.5, max: 4 });
  expect(summarise([])).toEqual({ n: 0, min: 0, median: 0, max: 0 });
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile(hundred, 1)]).toEqual([50, 99, 100]);
});
