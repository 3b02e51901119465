import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { type Finding, finding, type FindingDetails, type Location, type Path } from './finding.ts';
import { pathKey } from './yaml-file.ts';

/** The configuration as written, from all files and the environment together, with the place of each value. */
export interface ConfigDocument {
  readonly map: SettingMap;
  readonly places: ReadonlyMap<string, Location>;
}

/** The place of the value, or of the nearest map around it. */
export function locate(document: ConfigDocument, path: Path): Location | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const place = document.places.get(pathKey(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return undefined;
}

export function valueAt(document: ConfigDocument, path: Path): unknown {
  let value: unknown = document.map;
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    else value = isSettingMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

/** The map at a path; empty where there is none. */
export function mapAt(document: ConfigDocument, path: Path): SettingMap {
  const value = valueAt(document, path);
  return isSettingMap(value) ? value : {};
}

/** A finding about the value at a path, with that value and its place. */
export function findingAt(document: ConfigDocument, details: Omit<FindingDetails, 'value' | 'location'>): Finding {
  return finding({ ...details, value: valueAt(document, details.path), location: locate(document, details.path) });
}
