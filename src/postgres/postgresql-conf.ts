/** postgresql.conf as text: what we write whole, and what we read back of it. */

export interface ConfText {
  /** What is included first, so that all of ours goes before it. */
  readonly include: string;
  readonly parameters: readonly (readonly [name: string, text: string])[];
  /** Lines of the recovery block, ready to stand in the file. */
  readonly recoveryLines: readonly string[];
}

const BANNER = [
  '# Written by kornak before each start and whenever a setting changes: do not edit.',
  '# Change settings with "kornakctl edit-config" or in the local configuration file.',
];
const RECOVERY_MARK = '# How this server recovers and whom it follows.';

export function confText(conf: ConfText): string {
  const settings = conf.parameters.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => confLine(name, text));
  const recovery = conf.recoveryLines.length === 0 ? [] : ['', RECOVERY_MARK, ...conf.recoveryLines];
  return `${[...BANNER, `include ${quoted(conf.include)}`, '', ...settings, ...recovery].join('\n')}\n`;
}

export function confLine(name: string, text: string): string {
  return `${name} = ${quoted(text)}`;
}

/** The recovery block of a file that we wrote; empty where it has none. */
export function recoveryLinesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  const mark = lines.indexOf(RECOVERY_MARK);
  return mark < 0 ? [] : lines.slice(mark + 1).filter((line) => line !== '');
}

/** The value of a setting in lines that `confLine` wrote. */
export function settingIn(lines: readonly string[], name: string): string | undefined {
  const start = `${name} = '`;
  const line = lines.find((each) => each.startsWith(start));
  return line?.slice(start.length, -1).replaceAll(/(['\\])\1/g, '$1');
}

function quoted(value: string): string {
  return `'${value.replaceAll(/['\\]/g, '$&$&')}'`;
}

/** Takes the settings that `isUnwanted` names out of a file such as postgresql.auto.conf; every other line stays as it is. */
export function withoutSettings(text: string, isUnwanted: (name: string) => boolean): string {
  const nameOf = (line: string): string => /^\s*([A-Za-z_][\w.]*)/.exec(line)?.[1] ?? '';
  return text
    .split('\n')
    .filter((line) => !isUnwanted(nameOf(line)))
    .join('\n');
}
