// Installs PostgreSQL and etcd with apt and leaves the machine's services as they were: Debian's packages would create
// and start a cluster and an etcd, which nobody asked for and which would hold the ports.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './setup-error.mjs';

const policyPath = '/usr/sbin/policy-rc.d';
const clusterConfigPath = '/etc/postgresql-common/createcluster.conf';
const savedSuffix = '.before-kornak';
const mark = '# Put here by Kornak for the time of an installation.';

function run(command, args, { quiet = false } = {}) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { env, stdio: quiet ? 'ignore' : ['ignore', 2, 2] }).status === 0;
}

function apt(args) {
  if (!run('apt-get', ['-q', ...args]))
    throw new SetupError(`apt-get ${args.join(' ')} failed; its messages are above.`);
}

export function isDebianLike() {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** The apt packages that bring the missing programs. */
export function packagesFor(missing) {
  const known = (name) => run('apt-cache', ['show', name], { quiet: true });
  const server = () => (known('postgresql-15') ? 'postgresql-15' : 'postgresql');
  const postgres = missing.postgres.length > 0 ? [server()] : [];
  const etcd = missing.etcd.length > 0 ? ['etcd-server', 'etcd-client'] : [];
  return [...postgres, ...etcd];
}

/** Puts `lines` in a file's place until the returned function is called. What a killed run left is not the owner's. */
function replaceForNow(path, lines, mode) {
  const saved = path + savedSuffix;
  const isOurs = existsSync(path) && readFileSync(path, 'utf8').includes(mark);
  if (existsSync(path) && !isOurs) renameSync(path, saved);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, [...lines, mark, ''].join('\n'));
  chmodSync(path, mode);
  return () => (existsSync(saved) ? renameSync(saved, path) : rmSync(path, { force: true }));
}

/** The links by which init or systemd start etcd with the machine. */
function etcdStartLinks() {
  const inFolder = (folder, pattern) => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.filter((name) => pattern.test(name)).map((name) => join(folder, name));
  };
  const levels = [2, 3, 4, 5].flatMap((level) => inFolder(`/etc/rc${level}.d`, /^S\d\detcd$/));
  const units = inFolder('/etc/systemd/system', /\.wants$/).flatMap((folder) => inFolder(folder, /^etcd2?\.service$/));
  return [...levels, ...units];
}

function disableEtcd() {
  if (etcdStartLinks().length === 0) return;
  run('deb-systemd-helper', ['disable', 'etcd.service'], { quiet: true });
  run('update-rc.d', ['etcd', 'disable'], { quiet: true });
  const left = etcdStartLinks();
  if (left.length > 0) console.error(`etcd still starts with this machine, by ${left.join(', ')}.`);
}

/** The settings come from postgresql-common, which creates nothing, so it is installed before the server. */
function installPostgres(name) {
  apt(['install', '-y', '--no-install-recommends', 'postgresql-common']);
  const settings = existsSync(clusterConfigPath) ? readFileSync(clusterConfigPath, 'utf8') : '';
  const others = settings.replace(/^\s*create_main_cluster\b.*$/gm, '');
  const restore = replaceForNow(clusterConfigPath, [others, 'create_main_cluster = false'], 0o644);
  try {
    apt(['install', '-y', '--no-install-recommends', name]);
  } finally {
    restore();
  }
}

function installEtcd(names) {
  const startedBefore = etcdStartLinks().length > 0;
  try {
    apt(['install', '-y', '--no-install-recommends', ...names]);
  } finally {
    if (!startedBefore) disableEtcd();
  }
}

/** Interrupting apt stops apt; this process lives on until the machine is as it was. */
function deafToInterrupts(work) {
  const ignore = () => {};
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, ignore);
  try {
    work();
  } finally {
    for (const signal of signals) process.off(signal, ignore);
  }
}

export function installPackages(names) {
  deafToInterrupts(() => {
    apt(['update']);
    const letServicesStart = replaceForNow(policyPath, ['#!/bin/sh', 'exit 101'], 0o755);
    try {
      const etcd = names.filter((name) => name.startsWith('etcd'));
      if (etcd.length > 0) installEtcd(etcd);
      const postgres = names.find((name) => name.startsWith('postgresql'));
      if (postgres !== undefined) installPostgres(postgres);
    } finally {
      letServicesStart();
    }
  });
}
