import type { SettingMap } from '../core/settings/read-settings.ts';
import type { ConfigDocument } from './config-document.ts';
import { type Finding, finding, type Location, type Path } from './finding.ts';
import { readYaml, pathKey } from './yaml-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables are understood under either prefix; ours wins where both are set. */
const PREFIXES = ['PATRONI_', 'KORNAK_'] as const;

/** Suffix of the variable, and where its value goes. */
const TEXT_VARIABLES: Readonly<Record<string, Path>> = {
  NAME: ['name'],
  NAMESPACE: ['namespace'],
  SCOPE: ['scope'],
  LOGLEVEL: ['log', 'level'],
  LOG_LEVEL: ['log', 'level'],
  LOG_TYPE: ['log', 'type'],
  RESTAPI_USERNAME: ['restapi', 'authentication', 'username'],
  RESTAPI_PASSWORD: ['restapi', 'authentication', 'password'],
  CTL_USERNAME: ['ctl', 'authentication', 'username'],
  CTL_PASSWORD: ['ctl', 'authentication', 'password'],
  ...section('restapi', ['listen', 'connect_address', 'certfile', 'keyfile', 'keyfile_password']),
  ...section('etcd3', ['host', 'hosts', 'port', 'url', 'protocol', 'username', 'password', 'cacert', 'cert', 'key']),
  ...section('postgresql', ['listen', 'connect_address', 'config_dir', 'data_dir', 'pgpass', 'bin_dir']),
  ...roleVariables(),
  LEADER_TTL: ['kornak', 'leader_ttl'],
  HEALTH_TIMEOUT: ['kornak', 'health_timeout'],
  DIVERGENCE: ['kornak', 'divergence'],
  STATE_DIR: ['kornak', 'state_dir'],
};

/** Sections of stores that Kornak does not have; a variable of theirs makes the section exist, and is refused by name. */
const OTHER_STORE = /^(CONSUL|ETCD|EXHIBITOR|KUBERNETES|RAFT|ZOOKEEPER)_([A-Z_]+)$/;

function section(name: string, keys: readonly string[]): Record<string, Path> {
  return Object.fromEntries(keys.map((key) => [`${name}_${key}`.toUpperCase(), [name, key]]));
}

function roleVariables(): Record<string, Path> {
  const keys = ['username', 'password', 'sslmode', 'sslcert', 'sslkey', 'sslpassword', 'sslrootcert', 'sslcrl'];
  const newer = ['sslcrldir', 'gssencmode', 'channel_binding', 'sslnegotiation'];
  const roles = ['superuser', 'replication', 'rewind'];
  const pairs = roles.flatMap((role) => [...keys, ...newer].map((key) => [role, key] as const));
  return Object.fromEntries(
    pairs.map(([role, key]) => [`${role}_${key}`.toUpperCase(), ['postgresql', 'authentication', role, key]]),
  );
}

interface EnvironmentConfig {
  /** What the variables set, as a patch over the file. */
  readonly document: ConfigDocument;
  readonly findings: readonly Finding[];
}

/** Reads the variables with our prefixes. Empty ones count as not set. */
export function configFromEnvironment(env: Environment): EnvironmentConfig {
  const places = new Map<string, Location>();
  const map: Record<string, unknown> = {};
  const unread: string[] = [];
  for (const prefix of PREFIXES) {
    for (const [variable, value] of Object.entries(env)) {
      if (!variable.startsWith(prefix) || value === undefined || value === '') continue;
      const suffix = variable.slice(prefix.length);
      const path = pathOf(suffix);
      if (path !== undefined) {
        setAt(map, path, path.at(-1) === 'port' && /^[0-9]+$/.test(value) ? Number(value) : value);
        places.set(pathKey(path), { kind: 'variable', variable });
      } else if (prefix === 'PATRONI_' && suffix !== 'CONFIGURATION') {
        unread.push(variable);
      }
    }
  }
  return { document: { map, places }, findings: unread.length === 0 ? [] : [notActedOn(unread)] };
}

function pathOf(suffix: string): Path | undefined {
  if (Object.hasOwn(TEXT_VARIABLES, suffix)) return TEXT_VARIABLES[suffix];
  const store = OTHER_STORE.exec(suffix);
  return store === null ? undefined : [String(store[1]).toLowerCase(), String(store[2]).toLowerCase()];
}

function setAt(map: Record<string, unknown>, path: Path, value: string | number): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    map[key] = value;
    return;
  }
  const inner = { ...(map[key] as SettingMap | undefined) };
  setAt(inner, rest, value);
  map[key] = inner;
}

function notActedOn(variables: readonly string[]): Finding {
  return finding({
    path: [],
    reason: `environment variables that are not acted on: ${variables.toSorted().join(', ')}`,
    severity: 'warning',
  });
}

/** The whole configuration as one YAML document in a variable; undefined where it is not set. */
export function wholeConfiguration(env: Environment): ReturnType<typeof readYaml> | undefined {
  const variable = PREFIXES.map((prefix) => `${prefix}CONFIGURATION`).findLast((name) => (env[name] ?? '') !== '');
  return variable === undefined ? undefined : readYaml(env[variable] ?? '', variable);
}
