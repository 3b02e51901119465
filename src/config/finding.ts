import { shownValue } from '../core/settings/setting-problem.ts';

/** Where a value was read: a place in a file, or an environment variable. */
export type Location =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'variable'; readonly variable: string };

/** One thing worth telling about a configuration. Only errors keep the agent from starting. */
export interface Finding {
  /** Keys joined by dots; an index is a key. Empty: the file as a whole. */
  readonly path: string;
  /** As it may be shown: short, and without secrets. */
  readonly value: string;
  readonly reason: string;
  /** What to write or do instead. */
  readonly remedy?: string;
  readonly location?: Location;
  readonly severity: 'error' | 'warning';
}

export type Path = readonly string[];

/** Also hidden: what may hold a secret in part, or where a map of secrets belongs. */
const SECRET_KEY = /pass(?!file$)|secret|token|auth_data|^authentication$|conninfo/i;
const HIDDEN = '***';

function safeValue(path: Path, value: unknown): string {
  if (value === undefined || value === null) return '';
  const isSecret = path.some((key) => SECRET_KEY.test(key) && key !== 'pgpass');
  return isSecret ? HIDDEN : shownValue(value).replace(/(:\/\/[^\s:@/]*:)[^\s@/]*@/g, `$1${HIDDEN}@`);
}

export interface FindingDetails {
  readonly path: Path;
  readonly value?: unknown;
  readonly reason: string;
  readonly remedy?: string | undefined;
  readonly location?: Location | undefined;
  readonly severity: 'error' | 'warning';
}

/** The only maker of findings, so that no secret gets into one. */
export function finding(details: FindingDetails): Finding {
  const { path, value, reason, remedy, location, severity } = details;
  return {
    path: path.join('.'),
    value: safeValue(path, value),
    reason,
    severity,
    ...(remedy === undefined ? {} : { remedy }),
    ...(location === undefined ? {} : { location }),
  };
}

function locationToText(location: Location): string {
  if (location.kind === 'variable') return `environment variable ${location.variable}`;
  return `${location.file} line ${location.line} column ${location.column}`;
}

/** One line: `path: value: reason; remedy (file line N column N)`. */
export function formatFinding({ path, value, reason, remedy, location }: Finding): string {
  const said = [path, value, remedy === undefined ? reason : `${reason}; ${remedy}`].filter((part) => part !== '');
  const text = said.join(': ').replaceAll(/\s*\n\s*/g, ' ');
  return location === undefined ? text : `${text} (${locationToText(location)})`;
}
