// Where kornakctl finds etcd and the REST API: a member's own file will do, and nothing else of it is looked at.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { decodeEtcd } from '../config/decode-etcd.ts';
import { configFromEnvironment, type Environment, wholeConfiguration } from '../config/environment.ts';
import { formatFinding } from '../config/finding.ts';
import type { BasicAuthentication, EtcdConfig } from '../config/local-config.ts';
import { readConfigPath } from '../config/read-config-path.ts';
import type { Report } from '../config/report.ts';
import { Redacted } from '../core/model/redacted.ts';
import { mergePatch } from '../core/settings/merge-patch.ts';
import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { dcsFromUrl } from './dcs-url.ts';
import { Refusal } from './refusal.ts';

export interface CtlConfig {
  readonly scope: string | undefined;
  readonly namespace: string;
  readonly etcd: EtcdConfig;
  readonly authentication: BasicAuthentication | undefined;
  /** Of the member whose file it is. */
  readonly apiUrl: string | undefined;
  /** What the API's certificate is checked against. */
  readonly caFile: string | undefined;
  readonly isInsecure: boolean;
}

export interface CtlOptions {
  readonly configFile: string | undefined;
  readonly dcsUrl: string | undefined;
  readonly isInsecure: boolean;
}

/** Throws Refusal where something that was named cannot be used, or no etcd is named at all. */
export async function loadCtlConfig(options: CtlOptions, env: Environment): Promise<CtlConfig> {
  const map = await readMap(options, env);
  const dcs = options.dcsUrl === undefined ? undefined : dcsFromUrl(options.dcsUrl);
  const restapi = mapOf(map, 'restapi');
  const ctl = mapOf(map, 'ctl');
  return {
    scope: textOf(map, 'scope'),
    namespace: dcs?.namespace ?? textOf(map, 'namespace') ?? 'service',
    etcd: await etcdFrom(map, dcs?.endpoint),
    authentication: credentialsOf(ctl) ?? credentialsOf(restapi),
    apiUrl: ownApiUrl(restapi),
    caFile: textOf(ctl, 'cacert') ?? textOf(restapi, 'cafile'),
    isInsecure: options.isInsecure || ctl['insecure'] === true,
  };
}

async function readMap({ configFile }: CtlOptions, env: Environment): Promise<SettingMap> {
  const path = configFile ?? namedFile(env) ?? defaultFiles().find((file) => existsSync(file));
  const whole = path === undefined ? wholeConfiguration(env) : undefined;
  const files = path === undefined ? (whole === undefined ? [] : [whole]) : await readConfigPath(path);
  const [finding] = files.flatMap((file) => (file.map === undefined ? file.findings : []));
  if (path !== undefined && !existsSync(path)) {
    const reason = 'not existing or no read rights. Check the -c/--config-file parameter';
    throw new Refusal(`Provided config file ${path} ${reason}`);
  }
  if (finding !== undefined) throw new Refusal(formatFinding(finding));
  const layers = [...files.map((file) => file.map ?? {}), configFromEnvironment(env).document.map];
  return layers.reduce((below, above) => mergePatch(below, above).value, {});
}

function namedFile(env: Environment): string | undefined {
  return [env['KORNAKCTL_CONFIG_FILE'], env['PATRONICTL_CONFIG_FILE']].find(
    (file) => file !== undefined && file !== '',
  );
}

/** Used where they exist. */
function defaultFiles(): readonly string[] {
  const folder = join(homedir(), '.config');
  return [join(folder, 'kornak', 'kornakctl.yaml'), join(folder, 'patroni', 'patronictl.yaml')];
}

const ANONYMOUS = {
  username: undefined,
  password: undefined,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
};

async function etcdFrom(map: SettingMap, endpoint: string | undefined): Promise<EtcdConfig> {
  if (endpoint === undefined && map['etcd3'] === undefined)
    throw new Refusal('no etcd is named: give -d etcd3://HOST:PORT, or -c FILE with an etcd3 section');
  const section = { ...mapOf(map, 'etcd3') };
  if (endpoint === undefined) return decodedEtcd(section, map);
  if (Object.keys(section).length === 0) return { ...ANONYMOUS, endpoints: [endpoint] };
  const { username, password } = section;
  for (const name of ['host', 'hosts', 'proxy', 'port', 'protocol']) delete section[name];
  const etcd = await decodedEtcd({ ...section, url: endpoint }, map);
  // A URL without a user decides that there is none, but -d only says where etcd is.
  const login = await decodedEtcd({ username, password, host: 'localhost' }, map);
  return { ...etcd, username: login.username, password: login.password };
}

type EtcdSection = Parameters<typeof decodeEtcd>[0];

const NOTHING_ELSE = {
  url: undefined,
  proxy: undefined,
  username: undefined,
  password: undefined,
  cacert: undefined,
  cert: undefined,
  key: undefined,
};

/** The schema would take it as it is. */
function isPlain(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '');
}

/** The schema takes longer to load than most commands take to run, so it is loaded only for what it is needed for. */
async function etcdSection(section: SettingMap): Promise<EtcdSection> {
  const { host, hosts, ...rest } = section;
  if (isPlain(host) && isPlain(hosts) && Object.keys(rest).length === 0) return { ...NOTHING_ELSE, host, hosts };
  const { LOCAL_SECTIONS } = await import('../config/schema.ts');
  const parsed = LOCAL_SECTIONS.etcd3.safeParse(section);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Refusal(`etcd3.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'cannot be used'}`);
  }
  return parsed.data;
}

async function decodedEtcd(section: SettingMap, map: SettingMap): Promise<EtcdConfig> {
  const report: Report = { document: { map, places: new Map() }, findings: [] };
  const etcd = decodeEtcd(await etcdSection(section), report);
  const [finding] = report.findings;
  if (finding !== undefined) throw new Refusal(formatFinding(finding));
  return etcd;
}

function ownApiUrl(restapi: SettingMap): string | undefined {
  const address = textOf(restapi, 'connect_address') ?? textOf(restapi, 'listen');
  if (address === undefined) return undefined;
  const scheme = textOf(restapi, 'certfile') === undefined ? 'http' : 'https';
  const reachable = address.replace(/^(?:\*|0\.0\.0\.0)?(?=:\d+$)/, '127.0.0.1');
  return `${scheme}://${reachable}/patroni`;
}

function credentialsOf(section: SettingMap): BasicAuthentication | undefined {
  const authentication = mapOf(section, 'authentication');
  const username = textOf(authentication, 'username');
  const password = textOf(authentication, 'password');
  if (username === undefined || password === undefined) return undefined;
  return { username, password: new Redacted(password) };
}

function mapOf(map: SettingMap, key: string): SettingMap {
  const value = map[key];
  return isSettingMap(value) ? value : {};
}

function textOf(map: SettingMap, key: string): string | undefined {
  const value = map[key];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
