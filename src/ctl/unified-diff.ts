const CONTEXT = 3;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** The lines of a unified diff without file names, as `diff -u` would draw it; none where the texts are the same. */
export function unifiedDiff(before: string, after: string): readonly string[] {
  const lines = compared(linesOf(before), linesOf(after));
  const hunks = hunksOf(lines);
  return hunks.length === 0 ? [] : ['--- ', '+++ ', ...hunks.flatMap((hunk) => drawn(hunk, lines))];
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence: configurations are short. */
function compared(before: readonly string[], after: readonly string[]): readonly Line[] {
  const common = commonLengths(before, after);
  const lines: Line[] = [];
  let at = 0;
  for (const [index, text] of before.entries()) {
    // Without what is left out of `before` there is as much in common as with it: the rest of `after` does without it too.
    const isKept = (common[index]?.[at] ?? 0) > (common[index + 1]?.[at] ?? 0);
    if (!isKept) {
      lines.push({ mark: '-', text });
      continue;
    }
    const found = after.indexOf(text, at);
    lines.push(...added(after.slice(at, found)), { mark: ' ', text });
    at = found + 1;
  }
  return [...lines, ...added(after.slice(at))];
}

function added(texts: readonly string[]): readonly Line[] {
  return texts.map((text) => ({ mark: '+', text }));
}

/** For each pair of places, how many lines what follows them has in common. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  let below: readonly number[] = Array.from({ length: after.length + 1 }, () => 0);
  const rows = [below];
  for (const old of before.toReversed()) {
    const row: number[] = Array.from({ length: after.length + 1 }, () => 0);
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = old === after[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
    rows.push(row);
    below = row;
  }
  return rows.toReversed();
}

interface Hunk {
  readonly from: number;
  readonly to: number;
}

/** Changes with their surroundings; those that touch are one. */
function hunksOf(lines: readonly Line[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const [index, { mark }] of lines.entries()) {
    if (mark === ' ') continue;
    const to = Math.min(lines.length, index + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last !== undefined && index - CONTEXT <= last.to) hunks.splice(-1, 1, { from: last.from, to });
    else hunks.push({ from: Math.max(0, index - CONTEXT), to });
  }
  return hunks;
}

function drawn({ from, to }: Hunk, lines: readonly Line[]): readonly string[] {
  const shown = lines.slice(from, to);
  const range = (without: Line['mark']): string => {
    const count = shown.filter(({ mark }) => mark !== without).length;
    const before = lines.slice(0, from).filter(({ mark }) => mark !== without).length;
    const start = count === 0 ? before : before + 1;
    return count === 1 ? String(start) : `${start},${count}`;
  };
  return [`@@ -${range('+')} +${range('-')} @@`, ...shown.map(({ mark, text }) => mark + text)];
}
