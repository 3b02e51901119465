// What edit-config makes of a configuration, apart from asking and writing.
import { readYaml } from '../config/yaml-file.ts';
import { formatFinding } from '../config/finding.ts';
import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { Refusal } from './refusal.ts';

const PARAMETERS = ['postgresql', 'parameters'];

/** A whole document. Throws Refusal where it is no YAML map. */
export function mapFromYaml(text: string, name: string): SettingMap {
  const { map, findings } = readYaml(text, name);
  const [finding] = findings;
  if (map === undefined) throw new Refusal(finding === undefined ? `${name} is no map` : formatFinding(finding));
  return map;
}

/** `PATH=VALUE` with a YAML value; null removes, and what is empty then goes too. */
export function withPair(config: SettingMap, pair: string): SettingMap {
  const at = pair.indexOf('=');
  const path = pair.slice(0, at).trim().split('.');
  if (at < 1 || path.includes('')) throw invalid(pair);
  const { map } = readYaml(`value: ${pair.slice(at + 1)}`, pair);
  if (map === undefined || Object.keys(map).length !== 1) throw invalid(pair);
  return withValue(config, namedPath(path), map['value']);
}

function invalid(pair: string): Refusal {
  return new Refusal(`Invalid parameter setting ${pair}`);
}

/** Names of parameters may contain dots, and nothing is below them. */
function namedPath(path: readonly string[]): readonly string[] {
  const isParameter = path.length > PARAMETERS.length && PARAMETERS.every((key, index) => path[index] === key);
  return isParameter ? [...PARAMETERS, path.slice(PARAMETERS.length).join('.')] : path;
}

function withValue(config: SettingMap, [key = '', ...rest]: readonly string[], value: unknown): SettingMap {
  const others = Object.fromEntries(Object.entries(config).filter(([name]) => name !== key));
  if (rest.length === 0) return value === null ? others : { ...others, [key]: value };
  const found = config[key];
  const inner = withValue(isSettingMap(found) ? found : {}, rest, value);
  return Object.keys(inner).length === 0 ? others : { ...others, [key]: inner };
}
