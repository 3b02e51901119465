import { isSettingMap } from '../core/settings/read-settings.ts';

/** Options for one of PostgreSQL's programs as the configuration lists them, turned into arguments. */
interface OptionList {
  readonly arguments: readonly string[];
  /** What could not be used, and why. */
  readonly problems: readonly string[];
}

const NAME = /^[A-Za-z][A-Za-z0-9-]*$/;

/**
 * Reads `[data-checksums, {encoding: UTF8}]` or `{encoding: UTF8, data-checksums: true}`. `forbidden` are the options that the
 * agent sets itself.
 */
export function readOptionList(options: unknown, forbidden: readonly string[]): OptionList {
  const problems: string[] = [];
  const list = Array.isArray(options) ? options.map((item: unknown) => item) : isSettingMap(options) ? [options] : [];
  if (list.length === 0 && options !== undefined && options !== null && !Array.isArray(options)) {
    problems.push('must be a list of options, or a map');
  }
  const read = list.flatMap((item) => readItem(item, problems));
  const [refused, accepted] = [read.filter(isForbidden), read.filter((option) => !isForbidden(option))];
  problems.push(...refused.map(({ name }) => `option ${name} is set by the agent itself`));
  return { arguments: accepted.map(argumentFor), problems };

  function isForbidden({ name }: Option): boolean {
    return forbidden.includes(name);
  }
}

interface Option {
  readonly name: string;
  readonly value: string | undefined;
}

function argumentFor({ name, value }: Option): string {
  return value === undefined ? `--${name}` : `--${name}=${value}`;
}

function readItem(item: unknown, problems: string[]): readonly Option[] {
  const pairs = isSettingMap(item) ? Object.entries(item) : typeof item === 'string' ? [splitPair(item)] : [];
  if (pairs.length === 0) problems.push('each option must be text, or a map of one key');
  return pairs.flatMap(([name, value]) => readPair(name, value, problems));
}

function splitPair(text: string): readonly [string, unknown] {
  const cut = text.indexOf('=');
  return cut < 0 ? [text, true] : [text.slice(0, cut), text.slice(cut + 1)];
}

function readPair(name: string, value: unknown, problems: string[]): readonly Option[] {
  if (!NAME.test(name)) {
    problems.push(`${JSON.stringify(name)} is no name of an option; leave the dashes out`);
    return [];
  }
  if (value === false || value === null) return [];
  if (value === true) return [{ name, value: undefined }];
  if (typeof value === 'string' || typeof value === 'number') return [{ name, value: unquoted(String(value)) }];
  problems.push(`option ${name} must have text for a value`);
  return [];
}

function unquoted(text: string): string {
  const match = /^(['"])([^'"]*)\1$/.exec(text);
  return match?.[2] ?? text;
}
