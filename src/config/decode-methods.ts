import { parameterText } from '../core/settings/parameter-text.ts';
import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { valueAt } from './config-document.ts';
import type { Path } from './finding.ts';
import type { BootstrapMethod, ReplicaMethod } from '../core/model/user-programs.ts';
import { refuse, type Report, warn } from './report.ts';
import { shellWords } from './shell-words.ts';

const INITDB = 'initdb';
const BASEBACKUP = 'basebackup';
const BOOTSTRAP_OWN = ['command', 'no_params', 'keep_existing_recovery_conf', 'recovery_conf', 'scope', 'datadir'];
const REPLICA_STANDARD = ['scope', 'role', 'datadir', 'connstring'];

/** The method that `bootstrap.method` names; undefined: initdb makes the cluster. */
export function decodeBootstrapMethod(report: Report): BootstrapMethod | undefined {
  const name = valueAt(report.document, ['bootstrap', 'method']);
  if (typeof name !== 'string' || name === INITDB) return undefined;
  const path = ['bootstrap', name];
  const section = valueAt(report.document, path);
  // As in the contract: a method without a section is passed over.
  if (!isSettingMap(section)) return undefined;
  const words = wordsOf(section['command'], [...path, 'command'], report);
  if (words === undefined) return undefined;
  const recovery = section['recovery_conf'];
  return {
    name,
    words,
    extras: extrasOf(section, BOOTSTRAP_OWN, path, report),
    withParams: !isTruthy(section['no_params']),
    keepsRecoveryConf: isTruthy(section['keep_existing_recovery_conf']),
    recoveryConf: isSettingMap(recovery) ? textsOf(recovery, [...path, 'recovery_conf'], report) : undefined,
  };
}

/** What `postgresql.create_replica_methods` lists, in its order. */
export function decodeReplicaMethods(report: Report): readonly (typeof BASEBACKUP | ReplicaMethod)[] {
  const path = ['postgresql', 'create_replica_methods'];
  const listed = valueAt(report.document, path) ?? valueAt(report.document, ['postgresql', 'create_replica_method']);
  if (listed === undefined || listed === null) return [BASEBACKUP];
  const names = Array.isArray(listed) ? listed.filter((name): name is string => typeof name === 'string') : [];
  if (!Array.isArray(listed) || names.length !== listed.length) {
    refuse(report, {
      path,
      reason: 'must be a list of names',
      remedy: 'for example create_replica_methods: [basebackup]',
    });
    return [BASEBACKUP];
  }
  if (names.length === 0) return [BASEBACKUP];
  return names
    .map((name) => (name === BASEBACKUP ? BASEBACKUP : replicaMethod(name, report)))
    .filter((method) => method !== undefined);
}

/** Sections that say how to copy and are in no list: standby_cluster may name one of them at any time. */
export function decodeNamedMethods(report: Report): Readonly<Record<string, ReplicaMethod>> {
  const section = valueAt(report.document, ['postgresql']);
  const names = Object.keys(isSettingMap(section) ? section : {}).filter(
    (name) => hasCommand(name, report) && !isListed(name, report),
  );
  const methods = names.map((name) => [name, replicaMethod(name, report)] as const);
  return Object.fromEntries(
    methods.flatMap(([name, method]) => (method === undefined ? [] : [[name, method] as const])),
  );
}

function isListed(name: string, report: Report): boolean {
  const keys = ['create_replica_methods', 'create_replica_method'];
  const lists = keys.map((key) => valueAt(report.document, ['postgresql', key]));
  return lists.some((list) => Array.isArray(list) && list.includes(name));
}

function hasCommand(name: string, report: Report): boolean {
  const section = valueAt(report.document, ['postgresql', name]);
  return isSettingMap(section) && Object.hasOwn(section, 'command');
}

function replicaMethod(name: string, report: Report): ReplicaMethod | undefined {
  const path = ['postgresql', name];
  const section = valueAt(report.document, path);
  const map = isSettingMap(section) ? section : {};
  const words = wordsOf(map['command'] ?? name, [...path, 'command'], report);
  if (words === undefined) return undefined;
  const withParams = !isTruthy(map['no_params']);
  // Passed on with the standard arguments, as scripts know it; without those, neither are they.
  const own = withParams ? ['command', ...REPLICA_STANDARD] : ['command', 'no_params', 'no_leader', 'keep_data'];
  if (isTruthy(map['keep_data']))
    warn(report, {
      path: [...path, 'keep_data'],
      reason: 'is not acted on: the old data stay whole beside the directory, which is empty for the program',
    });
  const needsNoLeader = isTruthy(map['no_leader']);
  return { name, words, extras: extrasOf(map, own, path, report), withParams, needsNoLeader };
}

function wordsOf(value: unknown, path: Path, report: Report): readonly string[] | undefined {
  const words = typeof value === 'string' ? shellWords(value) : undefined;
  if (words !== undefined && words.length > 0) return words;
  const reason = typeof value === 'string' ? 'has a quote that is not closed, or is empty' : 'must be a command';
  refuse(report, { path, reason });
  return undefined;
}

/** Further keys become arguments, in the order of the file. */
function extrasOf(map: SettingMap, own: readonly string[], path: Path, report: Report): readonly string[] {
  const given = Object.entries(map).filter(([key]) => !own.includes(key));
  return given.flatMap(([key, value]) => {
    if (typeof value === 'string' || typeof value === 'number') return [`--${key}=${value}`];
    if (typeof value === 'boolean') return [`--${key}=${value ? 'True' : 'False'}`];
    warn(report, { path: [...path, key], reason: 'must be text, a number, true or false to be an argument; left out' });
    return [];
  });
}

function textsOf(map: SettingMap, path: Path, report: Report): Readonly<Record<string, string>> {
  const texts = Object.entries(map).flatMap(([name, value]) => {
    const text = parameterText(value);
    if (text === undefined) warn(report, { path: [...path, name], reason: 'must be one line of text; left out' });
    return text === undefined ? [] : [[name.toLowerCase(), text] as const];
  });
  return Object.fromEntries(texts);
}

function isTruthy(value: unknown): boolean {
  if (typeof value === 'string') return !['', 'false', 'off', 'no', '0'].includes(value.toLowerCase());
  return Boolean(value);
}

/** A section of the user's own that a list of methods names. */
export function isMethodSection(path: Path, report: Report): boolean {
  const [top = '', name = ''] = path;
  if (path.length !== 2) return false;
  if (top === 'bootstrap') return valueAt(report.document, ['bootstrap', 'method']) === name;
  if (top !== 'postgresql') return false;
  return isListed(name, report) || hasCommand(name, report);
}
