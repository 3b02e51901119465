import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProblem } from '../../bin/build-problem.mjs';
import { SetupError } from './setup-error.mjs';

function lockedPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

/** Compares contents, not times: a checkout rewrites times, and `npm ci` under running programs would break them. */
export function packagesAreInstalled(root) {
  const installed = lockedPackages(join(root, 'node_modules/.package-lock.json'));
  const wanted = Object.entries(lockedPackages(join(root, 'package-lock.json'))).filter(([path]) => path !== '');
  return wanted.every(([path, entry]) => {
    const here = installed[path];
    if (here === undefined) return entry.optional === true;
    return here.version === entry.version && (entry.integrity ?? here.integrity) === here.integrity;
  });
}

/** npm sets npm_execpath for the scripts that it runs; without it, `npm` comes from PATH. */
function runNpm(root, args) {
  const own = process.env.npm_execpath;
  const [command, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []];
  const { status, error } = spawnSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined)
    throw new SetupError(`npm could not be started (${error.message}). Install npm 10 or newer.`);
  if (status !== 0) throw new SetupError(`npm ${args.join(' ')} failed; its messages are above.`);
}

/** Brings node_modules/ to what the lock says and dist/ to what src/ says; does nothing when they are. */
export function preparePackages(root) {
  if (!packagesAreInstalled(root)) {
    console.error('Installing npm packages …');
    runNpm(root, ['ci', '--include=dev', '--loglevel=warn', '--no-audit', '--no-fund']);
  }
  if (buildProblem(root) !== undefined) {
    console.error('Building …');
    runNpm(root, ['run', '--silent', 'build']);
  }
}
