import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { locate, mapAt, valueAt } from './config-document.ts';
import { isMethodSection } from './decode-methods.ts';
import { NAMED_MAX } from './first-few.ts';
import { finding, type Path } from './finding.ts';
import { KNOWN_KEYS, type KeyTree, type KnownKey, OPEN_SECTIONS } from './known-keys.ts';
import { nearestName } from './nearest-name.ts';
import { suggestedKey, UNKNOWN_KEY } from './suggested-key.ts';
import { type Report, warn } from './report.ts';

/** Says of each key that has no effect why it has none: unknown, set in the wrong place, or known but not acted on yet. */
export function reviewKeys(report: Report): void {
  const found: Unused = { later: [], unknown: [] };
  reviewLevel({ path: [], tree: KNOWN_KEYS, map: report.document.map }, found, report);
  tellUnknown(found.unknown, report);
  const { later } = found;
  const [first] = later;
  if (first === undefined) return;
  const names = later.map((path) => path.join('.')).join(', ');
  report.findings.push(
    finding({
      path: [],
      reason: `known but not acted on yet: ${names}`,
      location: locate(report.document, first),
      severity: 'warning',
    }),
  );
}

interface Unused {
  readonly later: Path[];
  readonly unknown: { readonly path: Path; readonly siblings: KeyTree }[];
}

interface Level {
  readonly path: Path;
  readonly tree: KeyTree;
  readonly map: SettingMap;
}

function reviewLevel({ path, tree, map }: Level, found: Unused, report: Report): void {
  for (const [key, value] of Object.entries(map)) {
    const below = [...path, key];
    const known = Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (known === undefined && isMethodSection(below, report)) continue;
    if (known === undefined) reviewUnknown(below, tree, found, report);
    else if (known.use === 'later') found.later.push(...(saysNothing(known, value) ? [] : [below]));
    else if (known.use === 'shared') reviewShared(below, known, report);
    else if (known.inner !== undefined && isSettingMap(value)) {
      reviewLevel({ path: below, tree: known.inner, map: value }, found, report);
    }
  }
}

/** Switched off, empty, or what would be so anyway. */
function saysNothing(known: KnownKey, value: unknown): boolean {
  const isEmpty = value === null || value === false || (Array.isArray(value) && value.length === 0);
  return isEmpty || value === known.fallback || (isSettingMap(value) && Object.keys(value).length === 0);
}

function reviewShared(path: Path, known: KnownKey, report: Report): void {
  const value = valueAt(report.document, path);
  if (value === null || value === known.fallback) return;
  warn(report, {
    path,
    reason: 'has no effect in the file of one member: the cluster shares it',
    remedy: 'PATCH /config sets it, or bootstrap.dcs in a new cluster',
  });
}

function reviewUnknown(path: Path, siblings: KeyTree, { unknown }: Unused, report: Report): void {
  const key = path.at(-1) ?? '';
  const section = path.slice(0, -1).join('.');
  if (OPEN_SECTIONS.includes(section) && nearestName(key, Object.keys(siblings)) === undefined) return;
  if (!isOwnMethod(path, report)) unknown.push({ path, siblings });
}

function tellUnknown(unknown: Unused['unknown'], report: Report): void {
  for (const { path, siblings } of unknown.slice(0, NAMED_MAX)) {
    const remedy = suggestedKey(path.at(-1) ?? '', siblings, KNOWN_KEYS);
    // Without the value: it may be a password under a misspelt key.
    const location = locate(report.document, path);
    report.findings.push(finding({ path, reason: UNKNOWN_KEY, remedy, location, severity: 'warning' }));
  }
  const [next] = unknown.slice(NAMED_MAX);
  if (next === undefined) return;
  const reason = `and ${unknown.length - NAMED_MAX} more keys that Kornak and Patroni do not know; they have no effect`;
  const location = locate(report.document, next.path);
  report.findings.push(finding({ path: [], reason, location, severity: 'warning' }));
}

/** Sections named by the user, for methods of cloning and bootstrapping. */
function isOwnMethod(path: Path, report: Report): boolean {
  const [section, key = '', ...rest] = path;
  if (rest.length > 0 || (section !== 'postgresql' && section !== 'bootstrap')) return false;
  const { create_replica_methods: methods, create_replica_method: method } = mapAt(report.document, ['postgresql']);
  const named =
    section === 'bootstrap' ? [valueAt(report.document, ['bootstrap', 'method'])] : [methods, method].flat();
  return named.includes(key);
}
