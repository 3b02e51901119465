const CHARS_MAX = 2_000;

/** What is to be said beside a good answer, for a `Warning` header: of printable ASCII and bounded, whatever it quotes. */
export function warningHeader(warnings: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (warnings.length === 0) return undefined;
  const said = warnings.join('; ').slice(0, CHARS_MAX);
  const quoted = said.replaceAll(/[^ -~]/g, '?').replaceAll(/["\\]/g, (character) => `\\${character}`);
  return { Warning: `299 kornak "${quoted}"` };
}
