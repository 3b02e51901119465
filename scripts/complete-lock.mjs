// Completes package-lock.json: a registry that serves one platform only makes `npm install` leave the other platforms'
// optional packages out of the lock, and `npm ci` refuses such a lock. The entries follow from the parents' exact versions.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'aix'];
const processors = ['arm64', 'arm', 'ia32', 'x64', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];
const exactVersion = /^\d+\.\d+\.\d+[\w.+-]*$/;

/** What npm compares with this machine before it fetches an optional package. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) throw new Error(`${name}: cannot tell its platform from its name`);
  const gnu = words.some((word) => word.startsWith('gnu'));
  const musl = words.some((word) => word.startsWith('musl'));
  return { cpu: [cpu], ...(gnu && { libc: ['glibc'] }), ...(musl && { libc: ['musl'] }), os: [os] };
}

/** Names and versions of the optional packages that the lock mentions and does not hold. */
function missingOptionals(lock) {
  const missing = new Map();
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const held = lock.packages[`node_modules/${name}`] ?? lock.packages[`${path}/node_modules/${name}`];
      if (held?.version === undefined && exactVersion.test(version)) missing.set(name, { version, dev: entry.dev });
    }
  }
  return missing;
}

function complete(lock, missing) {
  for (const [name, { version, dev }] of missing) {
    const { cpu, libc, os } = platformOf(name);
    const entry = { version, cpu, ...(dev && { dev }), ...(libc && { libc }), optional: true, os };
    lock.packages[`node_modules/${name}`] = entry;
  }
  const [own, ...rest] = Object.entries(lock.packages);
  lock.packages = Object.fromEntries([own, ...rest.toSorted(([a], [b]) => a.localeCompare(b, 'en'))]);
}

const path = join(resolve(import.meta.dirname, '..'), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const missing = missingOptionals(lock);
if (process.argv.includes('--check')) {
  if (missing.size > 0) console.error(`package-lock.json lacks ${[...missing.keys()].join(', ')}. Run: npm run lock`);
  process.exitCode = missing.size > 0 ? 1 : 0;
} else {
  complete(lock, missing);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: ${missing.size} entries added`);
}
