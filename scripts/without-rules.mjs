// `npm run test:rules [-- ID…]`: takes the rules of the core away one at a time and runs the unit tests of the core, of which at
// least one must fail then. Exit 1: a rule that no test misses.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const rulesDir = join(root, 'src/core/decide');

function allRules() {
  const files = readdirSync(rulesDir).filter((name) => name.startsWith('rules-'));
  const texts = files.map((name) => readFileSync(join(rulesDir, name), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(/\{ id: '([A-Z]\d\d)'/g)].map((match) => match[1])).toSorted();
}

/** True if the tests fail without it, as they should. */
function isMissed(id) {
  return new Promise((done) => {
    const child = spawn(
      process.execPath,
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--project',
        'unit',
        '--bail=1',
        '--reporter=dot',
        'test/unit/core',
      ],
      { cwd: root, stdio: 'ignore', env: { ...process.env, KORNAK_WITHOUT_RULE: id } },
    );
    child.on('exit', (status) => done(status !== 0));
  });
}

const asked = process.argv.slice(2);
const rules = asked.length > 0 ? asked : allRules();
const escaped = [];
let next = 0;

async function work() {
  while (next < rules.length) {
    const id = rules[next++];
    if (!(await isMissed(id))) {
      escaped.push(id);
      console.log(`${id}: no test misses it`);
    }
  }
}

if (await isMissed('none')) {
  console.error('the unit tests of the core fail with every rule in place');
  process.exit(2);
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work));
console.log(`${rules.length} rules taken away one at a time, ${rules.length - escaped.length} missed by a test`);
process.exitCode = escaped.length === 0 ? 0 : 1;
