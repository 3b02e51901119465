// docs/explain/benchmarks.md and its charts, from the journal alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { type Entry, readJournal } from '../journal.ts';
import { apiSection, clustersSection, idleSection, outageSection } from './cost-section.ts';
import { failoverSection } from './failover-section.ts';
import type { Section } from './markdown.ts';

/** What people say about the figures; kept when the rest is written anew. */
const NOTES = 'notes.md';

export async function writeReport(journal: string): Promise<void> {
  const entries = readJournal(journal);
  if (entries.length === 0) throw new Error(`no figures in ${journal}: run a benchmark first`);
  const folder = dirname(journal);
  const sections = [
    failoverSection(entries),
    outageSection(entries),
    idleSection(entries),
    clustersSection(entries),
    apiSection(entries),
  ];
  mkdirSync(folder, { recursive: true });
  for (const { charts } of sections)
    for (const [name, svg] of Object.entries(charts)) writeFileSync(join(folder, name), svg);
  const text = [...headLines(entries), ...notes(join(folder, NOTES)), ...sections.flatMap(bodyOf)].join('\n');
  const page = join(dirname(folder), 'benchmarks.md');
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
}

function bodyOf({ lines }: Section): readonly string[] {
  return lines.length === 0 ? [] : [...lines, ''];
}

function notes(file: string): readonly string[] {
  return existsSync(file) ? [readFileSync(file, 'utf8').trim(), ''] : [];
}

function headLines(entries: readonly Entry[]): readonly string[] {
  const machines = [...new Set(entries.map(({ machine }) => machine))];
  return [
    '# Benchmarks',
    '',
    'Every figure is of real programs: PostgreSQL, etcd, agents, all on one machine. Written by `npm run bench -- report` from `benchmarks/runs.jsonl`, where each run',
    'stands with its command, its time and the load of the machine; nothing in here is a test. `npm run bench` tells what can be measured.',
    '',
    `Machine: ${machines.join('; ')}.`,
    '',
    'Both products have the same member file, PostgreSQL settings, timers (`ttl` 30, `loop_wait` 10, `retry_timeout` 10: the defaults) and clients: one client that',
    'inserts a number every 10 ms through whichever member accepts writes (1 s patience, all members raced every 20 ms after a loss), and a patient one at each member.',
    'Three members, three etcd. Mode `on` is `synchronous_mode: true`, `quorum` is `synchronous_mode: quorum` (`true` for a Patroni that has no quorum), `off` is',
    'asynchronous. The fault falls at a random moment.',
    '',
  ];
}
