/** How many of one kind are named: who has thousands of them is not helped by thousands of lines. */
export const NAMED_MAX = 10;

/** The first few lines as they are, and one more that says how many there are besides. */
export function firstFew(lines: readonly string[], more: (count: number) => string): readonly string[] {
  const left = lines.length - NAMED_MAX;
  return left > 0 ? [...lines.slice(0, NAMED_MAX), more(left)] : lines;
}
