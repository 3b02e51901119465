import {
  COMMAND_LINE_PARAMETERS,
  type ControlledParameter,
  controlledParameter,
  isFixedParameter,
  WAL_KEEP_SEGMENTS,
  WAL_KEEP_SIZE,
} from './controlled-parameters.ts';
import type { SynchronousMode } from './dynamic-config.ts';
import { isParameterName, parameterText } from './parameter-text.ts';
import { integerFromText } from './quantity.ts';
import { isRecoveryParameter } from './recovery-parameters.ts';
import type { SettingMap } from './read-settings.ts';
import { type SettingProblem, settingProblemToText } from './setting-problem.ts';

/** Where a value comes from: `postgresql.listen` and `scope`, our own default, `/config`, or the local file. */
export type ParameterSource = 'fixed' | 'default' | 'dynamic' | 'local';

export interface ServerParameter {
  readonly name: string;
  readonly text: string;
  readonly from: ParameterSource;
  /** Given to PostgreSQL as `--name=text` too, so that nothing else overrides it. */
  readonly onCommandLine: boolean;
}

export interface ServerParameters {
  /** By name in lower case; first those of the command line in its order, then the others sorted by name as spelled. */
  readonly parameters: ReadonlyMap<string, ServerParameter>;
  /** Recovery settings found among the parameters. Where there are any, they replace `recovery_conf` as a whole. */
  readonly recovery: ReadonlyMap<string, string>;
  readonly problems: readonly SettingProblem[];
  /** `problems` as lines for the log. */
  readonly warnings: readonly string[];
}

/** What the dynamic configuration, or the settings of one job, say about parameters. */
export interface DynamicParameters {
  readonly parameters: SettingMap;
  /** Present and not off: `synchronous_standby_names` is the agent's, so the user's value is left out. */
  readonly synchronousMode?: SynchronousMode;
}

export interface FixedParameters {
  readonly listenAddresses: string;
  readonly port: number;
  readonly clusterName: string;
  /** 15 for PostgreSQL 15; 0 where it is not known. */
  readonly majorVersion: number;
  /** Relative `hba_file` and `ident_file` count from here. */
  readonly configDir?: string;
}

/** PostgreSQL 13 replaced wal_keep_segments by wal_keep_size; a segment has 16 MB. */
const WAL_KEEP_SIZE_SINCE = 13;
const SEGMENT_MB = 16;

/** What PostgreSQL is to run with: our defaults, over them the dynamic configuration within its bounds, over it the local file. */
export function serverParameters(
  local: SettingMap,
  dynamic: DynamicParameters,
  fixed: FixedParameters,
): ServerParameters {
  const problems: SettingProblem[] = [];
  const controlled = new Map<string, unknown>();
  const free = new Map<string, ServerParameter>();
  for (const [name, value] of Object.entries(dynamic.parameters)) {
    if (isFixedParameter(name)) problems.push(problem(name, value, 'only postgresql.listen and scope set it; ignored'));
    else if (controlledParameter(name) !== undefined) controlled.set(name.toLowerCase(), value);
    else setFree(free, { name, value, from: 'dynamic' }, problems);
  }
  for (const [name, value] of Object.entries(local)) {
    if (isFixedParameter(name) || controlledParameter(name) !== undefined) continue;
    setFree(free, { name, value, from: 'local' }, problems);
  }
  if ((dynamic.synchronousMode ?? 'off') !== 'off') free.delete('synchronous_standby_names');
  const recovery = new Map([...free].filter(([key]) => isRecoveryParameter(key)).map(([key, { text }]) => [key, text]));
  const others = [...free].filter(([key]) => !isRecoveryParameter(key)).map(([, found]) => withPath(found, fixed));
  const ordered = [
    ...fixedOnes(fixed),
    ...COMMAND_LINE_PARAMETERS.map((rule) => settled(rule, controlled, problems)),
    ...[walKeep(controlled, fixed.majorVersion, problems), ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  ];
  const parameters = new Map(ordered.map((parameter) => [parameter.name.toLowerCase(), parameter]));
  return { parameters, recovery, problems, warnings: problems.map(settingProblemToText) };
}

function problem(name: string, value: unknown, reason: string): SettingProblem {
  return { path: ['postgresql', 'parameters', name], value, reason, severity: 'warning' };
}

interface Offered {
  readonly name: string;
  readonly value: unknown;
  readonly from: ParameterSource;
}

function setFree(free: Map<string, ServerParameter>, offered: Offered, problems: SettingProblem[]): void {
  const { name, value, from } = offered;
  const text = parameterText(value);
  if (!isParameterName(name)) problems.push(problem(name, undefined, 'is no name of a parameter; left out'));
  else if (text === undefined) problems.push(problem(name, value, 'is no value for a parameter; left out'));
  else free.set(name.toLowerCase(), { name, text, from, onCommandLine: false });
}

function fixedOnes(fixed: FixedParameters): readonly ServerParameter[] {
  const one = (name: string, text: string): ServerParameter => ({ name, text, from: 'fixed', onCommandLine: true });
  return [
    one('listen_addresses', fixed.listenAddresses),
    one('port', String(fixed.port)),
    one('cluster_name', fixed.clusterName),
  ];
}

function settled(
  rule: ControlledParameter,
  offered: ReadonlyMap<string, unknown>,
  problems: SettingProblem[],
): ServerParameter {
  const accepted = acceptedText(rule, offered, problems);
  return {
    name: rule.name,
    text: accepted ?? rule.fallback,
    from: accepted === undefined ? 'default' : 'dynamic',
    onCommandLine: true,
  };
}

function acceptedText(
  rule: ControlledParameter,
  offered: ReadonlyMap<string, unknown>,
  problems: SettingProblem[],
): string | undefined {
  if (!offered.has(rule.name)) return undefined;
  const value = offered.get(rule.name);
  const text = rule.read(value);
  if (text === undefined) {
    problems.push(problem(rule.name, value, `must be ${rule.accepted}; ${rule.fallback} is used`));
  }
  return text;
}

/** Either of the two names is understood, and the server gets the one it knows. */
function walKeep(
  offered: ReadonlyMap<string, unknown>,
  majorVersion: number,
  problems: SettingProblem[],
): ServerParameter {
  const [segments, size] = [WAL_KEEP_SEGMENTS, WAL_KEEP_SIZE].map((rule) => acceptedText(rule, offered, problems));
  const from = segments === undefined && size === undefined ? 'default' : 'dynamic';
  if (majorVersion !== 0 && majorVersion < WAL_KEEP_SIZE_SINCE) {
    const text = segments ?? (size === undefined ? undefined : String(segmentsFromSize(size)));
    return { name: 'wal_keep_segments', text: text ?? WAL_KEEP_SEGMENTS.fallback, from, onCommandLine: false };
  }
  const text = size ?? (segments === undefined ? undefined : `${Number(segments) * SEGMENT_MB}MB`);
  return { name: 'wal_keep_size', text: text ?? WAL_KEEP_SIZE.fallback, from, onCommandLine: false };
}

function segmentsFromSize(size: string): number {
  const sizeMb = integerFromText(size, 'MB') ?? 0;
  return Math.floor((sizeMb + SEGMENT_MB / 2) / SEGMENT_MB);
}

function withPath(parameter: ServerParameter, { configDir }: FixedParameters): ServerParameter {
  const isFile = ['hba_file', 'ident_file'].includes(parameter.name.toLowerCase());
  if (!isFile || configDir === undefined || parameter.text.startsWith('/')) return parameter;
  return { ...parameter, text: `${configDir}/${parameter.text}` };
}
