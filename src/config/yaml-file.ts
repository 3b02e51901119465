import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type ParsedNode } from 'yaml';
import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { type Finding, finding, type Location, type Path } from './finding.ts';
import { YAML_DIALECT } from './yaml-dialect.ts';

/** A YAML mapping with the place of each of its values. */
export interface YamlFile {
  /** undefined where the text cannot be used; `findings` then say why. */
  readonly map: SettingMap | undefined;
  /** By `pathKey`. */
  readonly places: ReadonlyMap<string, Location>;
  readonly findings: readonly Finding[];
}

/** Files larger than this are no configuration. */
const LENGTH_MAX = 1024 * 1024;
/** A bound against a text made to be deep. */
const DEPTH_MAX = 64;

export function pathKey(path: Path): string {
  return path.join('\u0000');
}

export function readYaml(text: string, file: string): YamlFile {
  const counter = new LineCounter();
  const placeAt = (offset: number): Location => {
    const { line, col } = counter.linePos(offset);
    return { kind: 'file', file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refused = (reason: string, location: Location = placeAt(0)): YamlFile => ({
    map: undefined,
    places: new Map(),
    findings: [finding({ path: [], reason, location, severity: 'error' })],
  });
  if (text.length > LENGTH_MAX) return refused('is larger than 1 MiB');
  try {
    const document = parseDocument(text, { ...YAML_DIALECT, lineCounter: counter });
    const [error] = document.errors;
    if (error !== undefined) return refused(`is not valid YAML: ${error.message}`, placeAt(error.pos[0]));
    const walk: Walk = { placeAt, places: new Map(), findings: [], isTooDeep: false };
    collectPlaces(document.contents, [], walk);
    if (walk.isTooDeep) return refused(`is nested more than ${DEPTH_MAX} deep`);
    const map: unknown = document.toJS();
    if (map === null || map === undefined) return refused('is empty');
    if (!isSettingMap(map)) return refused('must be a map of keys and values');
    return { map, places: walk.places, findings: walk.findings };
  } catch (thrown) {
    // The library throws for aliases without anchor, anchors that would expand without end, and the like.
    return refused(`is not valid YAML: ${thrown instanceof Error ? thrown.message : 'unreadable'}`);
  }
}

interface Walk {
  readonly placeAt: (offset: number) => Location;
  readonly places: Map<string, Location>;
  readonly findings: Finding[];
  isTooDeep: boolean;
}

function collectPlaces(node: ParsedNode | Node | null, path: Path, walk: Walk): void {
  if (path.length > DEPTH_MAX) walk.isTooDeep = true;
  if (walk.isTooDeep) return;
  if (isMap(node)) {
    for (const pair of node.items) collectPair(pair, path, walk);
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) collectChild(item, item, [...path, String(index)], walk);
  }
}

function collectPair(pair: Pair, path: Path, walk: Walk): void {
  const key = isScalar(pair.key) ? String(pair.key.value) : '';
  const childPath = [...path, key];
  if (walk.places.has(pathKey(childPath))) walk.findings.push(duplicate(childPath, offsetOf(pair.key), walk));
  collectChild(pair.key, pair.value, childPath, walk);
}

/** `placed` says where the value stands: its key, or the value itself in a list. */
function collectChild(placed: unknown, value: unknown, path: Path, walk: Walk): void {
  const offset = offsetOf(placed);
  if (offset !== undefined) walk.places.set(pathKey(path), walk.placeAt(offset));
  if (isMap(value) || isSeq(value)) collectPlaces(value, path, walk);
}

function offsetOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}

function duplicate(path: Path, offset: number | undefined, walk: Walk): Finding {
  const location = offset === undefined ? undefined : walk.placeAt(offset);
  return finding({
    path,
    reason: 'stands here for the second time; the last one counts',
    location,
    severity: 'warning',
  });
}
