import { mergePatch } from '../core/settings/merge-patch.ts';
import { type ConfigDocument, locate } from './config-document.ts';
import { decodeLocalConfig } from './decode-local-config.ts';
import { configFromEnvironment, type Environment, wholeConfiguration } from './environment.ts';
import { type Finding, finding, type Location, type Path } from './finding.ts';
import type { LocalConfig } from './local-config.ts';
import { readConfigPath } from './read-config-path.ts';
import type { Report } from './report.ts';
import { reviewIntent } from './review-intent.ts';
import { reviewKeys } from './review-keys.ts';
import { reviewStores } from './review-stores.ts';
import { reviewUnsupported } from './review-unsupported.ts';
import { takeAsMeant } from './take-as-meant.ts';
import type { YamlFile } from './yaml-file.ts';

export interface Loaded {
  /** undefined: an error is among the findings, and the agent must not start. */
  readonly config: LocalConfig | undefined;
  /** Errors first. */
  readonly findings: readonly Finding[];
  /** Where a value was written. */
  readonly place: (path: Path) => Location | undefined;
}

const EMPTY: ConfigDocument = { map: {}, places: new Map() };

/**
 * Reads files and directories in the order given, later ones over earlier ones, then the environment over all of them. Never
 * throws: whatever is wrong is a finding.
 */
export async function load(paths: readonly string[], env: Environment): Promise<Loaded> {
  const files = (await Promise.all(paths.map(readConfigPath))).flat();
  const whole = paths.length === 0 ? wholeConfiguration(env) : undefined;
  // A whole configuration in one variable stands for itself: the other variables are then ignored.
  return whole === undefined ? decodeFiles(files, env) : decodeFiles([whole], {});
}

/** The same for files that are in memory already. */
export function decodeFiles(files: readonly YamlFile[], env: Environment): Loaded {
  const environment = configFromEnvironment(env);
  const findings = [...files.flatMap((file) => file.findings), ...environment.findings];
  const layers = files.flatMap(({ map, places }) => (map === undefined ? [] : [{ map, places }]));
  const merged = [...layers, environment.document].reduce(overlay, EMPTY);
  const isEmpty = Object.keys(merged.map).length === 0;
  if (isEmpty && !hasError(findings)) findings.push(nothingGiven());
  const { document, findings: taken } = takeAsMeant(merged);
  const place = (path: Path): Location | undefined => locate(document, path);
  if (hasError(findings)) return { config: undefined, findings: errorsFirst(findings), place };
  const report: Report = { document, findings: [...findings, ...taken] };
  reviewStores(report);
  reviewUnsupported(report);
  const decoded = decodeLocalConfig(document);
  const hasOtherStore = hasError(report.findings);
  // Who is told that another store is not used needs no word about the missing section besides.
  report.findings.push(...decoded.findings.filter(({ path }) => !(hasOtherStore && path === 'etcd3')));
  if (decoded.config !== undefined) reviewIntent(decoded.config, report);
  reviewKeys(report);
  const config = hasError(report.findings) ? undefined : decoded.config;
  return { config, findings: errorsFirst(report.findings), place };
}

function overlay(below: ConfigDocument, above: ConfigDocument): ConfigDocument {
  return { map: mergePatch(below.map, above.map).value, places: new Map([...below.places, ...above.places]) };
}

function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

function errorsFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
}

function nothingGiven(): Finding {
  return finding({
    path: [],
    reason: 'there is no configuration',
    remedy: 'name a file, or set PATRONI_CONFIGURATION',
    severity: 'error',
  });
}
