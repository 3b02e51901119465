// How it ended: pure, so that each outcome can be tested.
import type { Standing } from './standing.ts';

export interface Outcome {
  readonly standing: Standing;
  /** Members that nobody took down. */
  readonly expected: readonly string[];
  /** Where the writer's inserts are being acknowledged; undefined: nowhere. */
  readonly acknowledgedBy: string | undefined;
}

export interface Verdict {
  readonly recovered: boolean;
  readonly outageMs: number;
  readonly acknowledged: number;
  /** undefined: no primary could be asked. */
  readonly lost: number | undefined;
  readonly streaming: number;
  readonly shouldStream: number;
}

export const EXIT = { recovered: 0, notRecovered: 1, lost: 2, notStarted: 3 } as const;

/** One primary acknowledges writes, and every member not taken down on purpose streams from it. */
export function isRecovered(outcome: Outcome): boolean {
  const { primaries } = outcome.standing;
  const { streaming, shouldStream } = countStreaming(outcome);
  return primaries.length === 1 && primaries[0] === outcome.acknowledgedBy && streaming === shouldStream;
}

export function countStreaming({ standing, expected }: Outcome): Pick<Verdict, 'streaming' | 'shouldStream'> {
  const replicas = expected.filter((name) => !standing.primaries.includes(name));
  // Without a primary one of them ought to be it.
  const shouldStream = standing.primaries.length === 0 ? Math.max(0, replicas.length - 1) : replicas.length;
  return { streaming: replicas.filter((name) => standing.streaming.includes(name)).length, shouldStream };
}

/** The line that scripts read. */
export function verdictLine(verdict: Verdict): string {
  const { recovered, outageMs, acknowledged, lost, streaming, shouldStream } = verdict;
  return [
    `demo: recovered=${recovered ? 'yes' : 'no'}`,
    `outage=${(outageMs / 1_000).toFixed(2)}s`,
    `acknowledged=${acknowledged}`,
    `lost=${lost ?? 'unknown'}`,
    `streaming=${streaming}/${shouldStream}`,
  ].join(' ');
}

/** Rows that are gone are worse than a cluster that is not whole. */
export function exitCode({ recovered, lost }: Verdict): number {
  if (lost !== undefined && lost > 0) return EXIT.lost;
  return recovered && lost === 0 ? EXIT.recovered : EXIT.notRecovered;
}
