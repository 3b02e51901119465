import type { Tags, TagValue } from '../core/model/cluster.ts';
import { booleanFromWord } from '../core/settings/boolean-word.ts';
import { isSettingMap } from '../core/settings/read-settings.ts';
import { type ConfigDocument, findingAt } from './config-document.ts';
import { decodeBootstrap } from './decode-bootstrap.ts';
import { decodeEtcd } from './decode-etcd.ts';
import { decodePostgresql } from './decode-postgresql.ts';
import { decodeRestapi } from './decode-restapi.ts';
import { decodeWatchdog } from './decode-watchdog.ts';
import type { Finding, Path } from './finding.ts';
import type { LocalConfig } from './local-config.ts';
import { refuse, type Report, warn } from './report.ts';
import { LOCAL_SCHEMA, LOCAL_SECTIONS, type LocalSchema } from './schema.ts';

interface DecodedLocalConfig {
  /** undefined: there is an error among the findings. */
  readonly config: LocalConfig | undefined;
  readonly findings: readonly Finding[];
}

/** Turns what was written into what the agent works with, or says for each value why not. */
export function decodeLocalConfig(document: ConfigDocument): DecodedLocalConfig {
  const parsed = LOCAL_SCHEMA.safeParse(document.map);
  if (!parsed.success) {
    const mismatches = parsed.error.issues.map((issue) => mismatch(document, issue));
    return { config: undefined, findings: [...mismatches, ...findingsOfSoundSections(document)] };
  }
  const report: Report = { document, findings: [] };
  const config = assemble(parsed.data, report);
  const isUsable = report.findings.every(({ severity }) => severity !== 'error');
  return { config: isUsable ? config : undefined, findings: report.findings };
}

/** One wrong section must not hide what is wrong in the others. */
function findingsOfSoundSections(document: ConfigDocument): readonly Finding[] {
  const report: Report = { document, findings: [] };
  const { restapi, etcd3, postgresql, bootstrap } = LOCAL_SECTIONS;
  decodeIfSound(restapi.safeParse(document.map['restapi']), decodeRestapi, report);
  decodeIfSound(etcd3.safeParse(document.map['etcd3']), decodeEtcd, report);
  decodeIfSound(postgresql.safeParse(document.map['postgresql']), decodePostgresql, report);
  decodeIfSound(bootstrap.safeParse(document.map['bootstrap']), decodeBootstrap, report);
  return report.findings;
}

function decodeIfSound<T>(
  parsed: { readonly success: true; readonly data: T } | { readonly success: false },
  decode: (input: T, report: Report) => unknown,
  report: Report,
): void {
  if (parsed.success) decode(parsed.data, report);
}

/** Patroni's stand-in for a missing standby; a member of that name would be taken for one. */
const RESERVED_NAME = '__patroni_strict_sync_replica_placeholder__';

function assemble(input: LocalSchema, report: Report): LocalConfig {
  if (input.name === RESERVED_NAME) refuse(report, { path: ['name'], reason: 'is reserved' });
  const restapi = decodeRestapi(input.restapi, report);
  const postgresql = decodePostgresql(input.postgresql, report);
  return {
    scope: input.scope,
    name: input.name,
    storePrefix: `/${input.namespace ?? 'service'}/${input.scope}/`.replaceAll(/\/+/g, '/'),
    restapi,
    etcd: decodeEtcd(input.etcd3, report),
    postgresql,
    bootstrap: decodeBootstrap(input.bootstrap, report),
    tags: decodeTags(input.tags, report),
    ctl: { authentication: input.ctl?.authentication ?? restapi.authentication },
    log: { level: input.log?.level ?? 'INFO', type: input.log?.type ?? 'plain' },
    watchdog: decodeWatchdog(input.watchdog, report),
    kornak: decodeKornak(input.kornak, postgresql.dataDir),
  };
}

function decodeKornak(input: LocalSchema['kornak'], dataDir: string): LocalConfig['kornak'] {
  return {
    leaderTtlMs: input?.leader_ttl,
    healthTimeoutMs: input?.health_timeout,
    callbackTimeoutMs: input?.callback_timeout ?? 300_000,
    hookTimeoutMs: input?.hook_timeout ?? 30_000,
    divergence: input?.divergence ?? undefined,
    stateDir: input?.state_dir ?? `${dataDir}.kornak`,
  };
}

const BOOLEAN_TAGS = ['nofailover', 'noloadbalance', 'clonefrom', 'nosync', 'nostream'];
/** Without its priority, such a tag says nothing when it is false; beside one it overrules it. */
const PRIORITY_OF = new Map([
  ['nofailover', 'failover_priority'],
  ['nosync', 'sync_priority'],
]);

function decodeTags(tags: Readonly<Record<string, unknown>>, report: Report): Tags {
  const decoded = Object.entries(tags).map(([name, value]) => [name, decodeTag(name, value, report)] as const);
  return Object.fromEntries(decoded.filter(([name, value]) => saysSomething(name, value, tags)));
}

function saysSomething(name: string, value: TagValue, tags: Readonly<Record<string, unknown>>): boolean {
  if (!BOOLEAN_TAGS.includes(name) || isTruthy(value)) return true;
  const priority = PRIORITY_OF.get(name);
  return priority !== undefined && isGiven(tags[priority]);
}

function isTruthy(value: TagValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function decodeTag(name: string, value: unknown, report: Report): TagValue {
  const read = BOOLEAN_TAGS.includes(name) && value !== null ? booleanFromWord(value) : tagValue(value);
  if (read === undefined) warn(report, { path: ['tags', name], reason: 'must be true or false; taken as it is' });
  return read ?? tagValue(value);
}

function tagValue(value: unknown): TagValue {
  if (Array.isArray(value)) return value.map(tagValue);
  if (isSettingMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tagValue(inner)]));
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? value : null;
}

function mismatch(
  document: ConfigDocument,
  issue: { readonly path: PropertyKey[]; readonly message: string },
): Finding {
  const path: Path = issue.path.map(String);
  return findingAt(document, { path, reason: issue.message, remedy: remedyFor(path), severity: 'error' });
}

const EXAMPLES: Readonly<Record<string, string>> = {
  scope: 'scope: my-cluster',
  name: 'name: node-1',
  restapi: 'restapi: {listen: "0.0.0.0:8008", connect_address: "ADDRESS:8008"}',
  'restapi.listen': 'listen: 0.0.0.0:8008',
  etcd3: 'etcd3: {hosts: ["ADDRESS:2379"]}',
  'postgresql.listen': 'listen: 0.0.0.0:5432',
  'postgresql.data_dir': 'data_dir: /var/lib/postgresql/15/main',
  'bootstrap.dcs': 'dcs: {}, which takes every default',
};

function remedyFor(path: Path): string | undefined {
  const example = EXAMPLES[path.join('.')];
  return example === undefined ? undefined : `for example ${example}`;
}
