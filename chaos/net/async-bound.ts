// What may go without synchronous replication, and what went: a new primary begins no further behind the position that the old one
// had published last than `maximum_lag_on_failover`. So what is lost is no more than that and what was written after the publication.
import type { KeyChange } from './store-history.ts';

/** Keys of the store over a round, each change by change, oldest first. */
export interface StoreStory {
  readonly leader: readonly KeyChange[];
  readonly status: readonly KeyChange[];
  readonly history: readonly KeyChange[];
}

/** Where one timeline ended because the next one was begun. */
export interface Fork {
  readonly timeline: number;
  readonly forkLsn: bigint;
  /** Published by the old primary before its key was taken; undefined: nothing in this time. */
  readonly publishedLsn: bigint | undefined;
}

/** A row that was acknowledged, where it stood in the log of its primary. */
export interface PlacedRow {
  readonly id: number;
  readonly timeline: number;
  readonly lsn: bigint;
}

export interface AsyncLoss {
  /** Of the log, from a fork to the last acknowledged row behind it; the largest of all forks. */
  readonly lostBytes: number;
  /** What was promised for that fork: the largest lag that may lead, and what was written after the publication. */
  readonly promisedBytes: number;
  /** One sentence each: begun further behind than was promised. */
  readonly beyond: readonly string[];
}

interface HistoryRow {
  readonly timeline: number;
  readonly lsn: bigint;
  readonly leader: string;
}

/** Where the timeline that was written when the round began, `before`, and those that came after it ended. */
export function forksOf(story: StoreStory, before: number): readonly Fork[] {
  const seen = new Set<number>();
  return story.history.flatMap(({ revision, value }) =>
    rowsOf(value).flatMap(({ timeline, lsn, leader }): readonly Fork[] => {
      if (timeline < before || seen.has(timeline)) return [];
      seen.add(timeline);
      return [
        { timeline, forkLsn: lsn, publishedLsn: publishedBefore(story, takenAt(story.leader, leader, revision)) },
      ];
    }),
  );
}

export function asyncLoss(forks: readonly Fork[], lost: readonly PlacedRow[], maximumLag: number): AsyncLoss {
  const losses = forks.map((fork) => lossAt(fork, lost, maximumLag));
  const worst = losses.toSorted((a, b) => b.lostBytes - a.lostBytes)[0];
  return {
    lostBytes: worst?.lostBytes ?? 0,
    promisedBytes: worst?.promisedBytes ?? 0,
    beyond: forks.flatMap((fork) => beyond(fork, maximumLag)),
  };
}

function lossAt(
  { timeline, forkLsn, publishedLsn }: Fork,
  lost: readonly PlacedRow[],
  maximumLag: number,
): Omit<AsyncLoss, 'beyond'> {
  const last = lost
    .filter((row) => row.timeline === timeline && row.lsn > forkLsn)
    .reduce((latest, { lsn }) => (lsn > latest ? lsn : latest), forkLsn);
  const unpublished = publishedLsn === undefined || last < publishedLsn ? 0 : Number(last - publishedLsn);
  return { lostBytes: Number(last - forkLsn), promisedBytes: maximumLag + unpublished };
}

function beyond({ timeline, forkLsn, publishedLsn }: Fork, maximumLag: number): readonly string[] {
  const behind = publishedLsn === undefined ? 0 : Number(publishedLsn - forkLsn);
  if (behind <= maximumLag) return [];
  return [`timeline ${timeline} was left ${behind} bytes before what had been published of it, ${maximumLag} may be`];
}

/** When that member came to the key under which it wrote something at `revision`; undefined: not in this time. */
function takenAt(changes: readonly KeyChange[], leader: string, revision: number): number | undefined {
  const last = changes.findLastIndex((change) => change.revision <= revision && change.value === leader);
  let taken: number | undefined;
  for (const change of changes.slice(0, last + 1).toReversed()) {
    if (change.value === leader) taken = change.revision;
    else if (change.value !== undefined) return taken;
  }
  return taken;
}

function publishedBefore({ status }: StoreStory, revision: number | undefined): bigint | undefined {
  if (revision === undefined) return undefined;
  const told = status.findLast((change) => change.revision < revision && change.value !== undefined)?.value;
  const optime = /"optime":\s*"?(\d+)/.exec(told ?? '')?.[1];
  return optime === undefined ? undefined : BigInt(optime);
}

function rowsOf(value: string | undefined): readonly HistoryRow[] {
  const rows: unknown = JSON.parse(value ?? '[]');
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    if (!Array.isArray(row)) return [];
    const [timeline, lsn, , , leader] = row as readonly unknown[];
    return [{ timeline: Number(timeline), lsn: BigInt(Number(lsn)), leader: String(leader) }];
  });
}

/** As PostgreSQL writes positions: `0/5000028`. */
export function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
