/** What is wrong with one value of a configuration document, as data: the reader knows where the value stood. */
export interface SettingProblem {
  /** Keys from the top of the document down to the value. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly reason: string;
  /** rejects: the whole document is refused and the configuration in force stays. */
  readonly severity: 'warning' | 'rejects';
}

const SHOWN_LENGTH_MAX = 80;

/** A value as a message shows it: short, on one line; nothing for a list or a map. */
export function shownValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return value === null ? 'null' : '';
  const text = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"');
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}

export function settingProblemToText(problem: SettingProblem): string {
  return [problem.path.join('.'), shownValue(problem.value), problem.reason].filter((part) => part !== '').join(': ');
}
