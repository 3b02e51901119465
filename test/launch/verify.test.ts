import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildScratchPackage, type Outcome, type ScratchPackage } from './scratch-package.ts';

/** Stands for vitest: writes the report that it was asked for, unless it is told to fail before. */
const runner = `import { writeFileSync } from 'node:fs';
const [passed, failed, ...given] = process.argv.slice(2);
const report = given.find((arg) => arg.startsWith('--outputFile.json=')).split('=')[1];
const counts = { numPassedTests: Number(passed), numFailedTests: Number(failed), numPendingTests: 0 };
if (passed !== 'none') writeFileSync(report, JSON.stringify(counts));
process.exitCode = passed === 'none' || failed !== '0' ? 1 : 0;
`;

let scratch: ScratchPackage;

beforeEach(() => {
  scratch = buildScratchPackage(['scripts']);
  scratch.write('runner.mjs', runner);
});

afterEach(() => {
  scratch.remove();
});

function check(scripts: Readonly<Record<string, string>>): Outcome {
  scratch.write('package.json', JSON.stringify({ type: 'module', scripts }));
  return scratch.run(join(scratch.root, 'scripts/verify.mjs'), ['check']);
}

const closing = ({ status, stdout }: Outcome): object => ({ status, last: stdout.trimEnd().split('\n').at(-1) });

test('sums what the runs of vitest and the other steps counted', () => {
  const scripts = {
    types: 'true',
    lint: 'true',
    'test:unit': 'node runner.mjs 40 0',
    'test:sim': 'node runner.mjs 2 0',
  };
  expect(closing(check(scripts))).toEqual({ status: 0, last: '44 passed, 0 failed' });
});

test('goes on after a failure and ends with an error', () => {
  const outcome = check({ types: 'false', 'test:unit': 'node runner.mjs 40 3', 'test:sim': 'node runner.mjs 2 0' });
  expect(closing(outcome)).toEqual({ status: 1, last: '42 passed, 4 failed' });
});

test('a run of vitest that dies without a report has failed', () => {
  expect(closing(check({ 'test:unit': 'node runner.mjs none 0' }))).toEqual({ status: 1, last: '0 passed, 1 failed' });
});

test('the closing line stands alone and once', () => {
  const { stdout } = check({ types: 'true' });
  expect(stdout.match(/^\d+ passed, \d+ failed$/gm)).toEqual(['1 passed, 0 failed']);
});
