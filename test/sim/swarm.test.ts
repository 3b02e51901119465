// Many seeds, each ten minutes of a cluster's life with faults and then a healing. Safety is checked at every step, and the
// seeds must have seen enough trouble to mean something.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { RULES } from '../../src/core/decide/decide.ts';
import { PAUSED_PROGRAMS } from '../../src/sim/fault/program-pauses.ts';
import type { Summary } from '../../src/sim/summary.ts';
import { NEVER_SIMULATED, SELDOM_SIMULATED } from './never-simulated.ts';

const root = join(import.meta.dirname, '../..');
const SEEDS = 500;
const RUN_MS_MAX = 300_000;

/** Runs on all cores, in programs of its own; a violation makes it exit 1 and stands in what it prints all the same. */
async function runSeeds(): Promise<Summary> {
  const args = [join(root, 'scripts/sim.mjs'), '--seeds', String(SEEDS), '--json'];
  const run = promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 });
  const stdout = await run.then(
    (ended) => ended.stdout,
    (error: { stdout?: string }) => error.stdout ?? '',
  );
  return JSON.parse(stdout) as Summary;
}

describe(`${SEEDS} seeds`, () => {
  let summary: Summary;
  beforeAll(async () => {
    summary = await runSeeds();
  }, RUN_MS_MAX);

  test('break no invariant, and every cluster is whole again after its faults', () => {
    expect(summary.runs).toBe(SEEDS);
    expect(summary.violations).toEqual([]);
  });

  test.each([
    ['faults', 10],
    ['leaderChanges', 3],
    ['acknowledged', 1000],
    ['unknownOutcomes', 1],
    ['oneWayCuts', 1],
  ] as const)('have on average enough %s', (figure, least) => {
    expect(summary.perRun[figure]).toBeGreaterThanOrEqual(least);
  });

  test('have the programs of one machine stand still in every combination, and a guard killed', () => {
    const stood = Object.keys(summary.standstills);
    const combinations = new Set(stood.map((text) => text.split(',')[0]));
    expect(combinations.size).toBe(2 ** PAUSED_PROGRAMS.length - 1);
    expect(stood.some((text) => text.endsWith('guard killed'))).toBe(true);
  });

  test('have clocks that run at different rates, in about half of them', () => {
    expect(summary.withClockError).toBeGreaterThan(SEEDS / 3);
    expect(summary.withClockError).toBeLessThan((SEEDS * 2) / 3);
  });

  test('decide in every situation by a rule that the table has for it', () => {
    expect(summary.undecided).toEqual([]);
  });

  test('make every rule decide at least once', () => {
    const silent = RULES.map(({ id }) => id).filter((id) => summary.rules[id] === undefined);
    expect(silent.filter((id) => !NEVER_SIMULATED.has(id) && !SELDOM_SIMULATED.has(id))).toEqual([]);
    // The list of exceptions is no place to forget a rule in.
    expect([...NEVER_SIMULATED.keys()].filter((id) => summary.rules[id] !== undefined)).toEqual([]);
  });
});
