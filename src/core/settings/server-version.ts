/** The number that a server of this version tells: 15.4 is 150004, 9.6.24 is 90624. undefined: no version. */
export function serverVersionFrom(text: string): number | undefined {
  const match = /^(\d{1,2})\.(\d{1,4})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [major, second, third] = [Number(match[1]), Number(match[2]), match[3]];
  if (major >= 10) return third === undefined ? major * 10_000 + second : undefined;
  return third === undefined ? undefined : major * 10_000 + second * 100 + Number(third);
}
