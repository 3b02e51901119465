// Where `npm start` and `npm test` begin. Imports only what Node itself brings, because nothing is installed yet.
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { installPackages, isDebianLike, packagesFor } from './setup/debian.mjs';
import { judgeNode } from './setup/node-version.mjs';
import { preparePackages } from './setup/packages.mjs';
import { missingPrograms } from './setup/programs.mjs';
import { SetupError } from './setup/setup-error.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const installLine = (names) => `apt-get install -y --no-install-recommends ${names.join(' ')}`;

function checkNode() {
  const verdict = judgeNode(process.version);
  if (!verdict.fit) throw new SetupError(verdict.text);
  if (verdict.text !== undefined) console.error(verdict.text);
}

function describe({ postgres, etcd }) {
  const lines = ['Kornak runs programs that are not on this machine:'];
  if (etcd.length > 0) lines.push('  etcd 3.4 or newer (the program etcd)');
  if (postgres.length > 0) lines.push(`  PostgreSQL 13 or newer (the programs ${postgres.join(', ')})`);
  return lines;
}

/** What an owner must do whose machine we may not, or cannot, change ourselves. */
function instructions(missing) {
  const lines = describe(missing);
  if (!isDebianLike()) return [...lines, 'Install them, put them on PATH, and run this command again.'];
  lines.push('Install them, and run this command again:', `  sudo ${installLine(packagesFor(missing))}`);
  lines.push('Debian then also creates and starts a cluster and an etcd. Without them:');
  return [...lines, `  sudo ${process.execPath} ${root}scripts/launch.mjs install`];
}

async function agreesTo(names) {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise((resolve) => terminal.once('close', () => resolve('no')));
  const question = `Run ${installLine(names)} now? No service is started. [Y/n] `;
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  return /^(y|yes)?$/i.test(answer.trim());
}

async function preparePrograms(saysYes) {
  const missing = missingPrograms();
  if (missing.postgres.length + missing.etcd.length === 0) return;
  if (process.getuid?.() !== 0 || !isDebianLike()) throw new SetupError(instructions(missing).join('\n'));
  console.error(describe(missing).join('\n'));
  const names = packagesFor(missing);
  if (!saysYes && !(await agreesTo(names))) throw new SetupError('Nothing was installed.');
  installPackages(names);
  const left = missingPrograms();
  if (left.postgres.length + left.etcd.length > 0) throw new SetupError(instructions(left).join('\n'));
}

async function launch([mode, ...given]) {
  const args = given.filter((arg) => arg !== '--yes');
  checkNode();
  await preparePrograms(args.length < given.length);
  if (mode === 'install') return;
  preparePackages(root);
  if (mode === 'start') await (await import('../bin/run-built.mjs')).runBuilt('demo', args);
  if (mode === 'test') process.exitCode = await (await import('./verify.mjs')).verify('all');
}

try {
  await launch(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  if (process.argv[2] === 'test') console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
