/** What one host said of itself at some moment between the question and the answer. */
export interface RoleSample {
  readonly member: string;
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly accepts: boolean;
}

interface Stretch {
  readonly member: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Questions further apart than this say nothing of what was between them: the host may have been frozen. */
const TOGETHER_MS = 400;

/** For how long two hosts accepted writes at once, as far as that is certain: between an answer and the next question. */
export function bothAcceptMs(samples: readonly RoleSample[]): number {
  const members = [...new Set(samples.map(({ member }) => member))];
  const stretches = members.map((member) => stretchesOf(samples.filter((sample) => sample.member === member)));
  let total = 0;
  stretches.forEach((own, at) => {
    for (const mine of own)
      for (const other of stretches.slice(at + 1).flat())
        total += Math.max(0, Math.min(mine.toMs, other.toMs) - Math.max(mine.fromMs, other.fromMs));
  });
  return total;
}

function stretchesOf(samples: readonly RoleSample[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  samples.forEach((sample, at) => {
    const before = samples[at - 1];
    if (!sample.accepts || before?.accepts !== true) return;
    // A frozen host answers what it was asked before; only an answer that came at once is of that time.
    const isOne = sample.answeredMs - before.askedMs <= TOGETHER_MS;
    if (isOne) stretches.push({ member: sample.member, fromMs: before.answeredMs, toMs: sample.askedMs });
  });
  return stretches;
}
