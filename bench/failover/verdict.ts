// What the clients saw, worked out from what was acknowledged when, and from what is there in the end.
import type { Ack } from './writers.ts';

export interface Story {
  /** In the order in which they came. */
  readonly acks: readonly Ack[];
  /** What the final primary has. */
  readonly present: ReadonlySet<number>;
  readonly struckMs: number;
  /** Who led when the fault fell. */
  readonly oldLeader: string;
  /** When it ran again, if it had been frozen. */
  readonly thawedMs: number | undefined;
}

export interface Verdict {
  readonly acknowledged: number;
  /** Acknowledged and absent, of all clients. */
  readonly lost: number;
  /** Longest gap between two acknowledgements to the racing client after the fault. */
  readonly outageMs: number;
  /** The same of those that survived: a client that goes on writing to the wrong primary has an outage, too. */
  readonly effectiveOutageMs: number;
  /** From the first acknowledgement of another member to the last of the old leader while that other went on. */
  readonly overlapMs: number;
  readonly afterThaw: { readonly acks: number; readonly lastMs: number } | undefined;
  readonly newLeader: string | undefined;
  /** The first of another member, or after the longest gap where the leader stayed: from the fault. */
  readonly firstAckMs: number | undefined;
}

interface Gap {
  readonly ms: number;
  readonly endMs: number;
}

/** The longest, the one that the fault fell into included. */
function longestGap(times: readonly number[], sinceMs: number): Gap {
  const at = times.findIndex((ms) => ms >= sinceMs);
  const seen = at < 0 ? times.slice(-1) : times.slice(Math.max(0, at - 1));
  return seen.reduce<Gap>(
    (longest, endMs, index) => {
      const ms = endMs - (seen[index - 1] ?? endMs);
      return ms > longest.ms ? { ms, endMs } : longest;
    },
    { ms: 0, endMs: seen[0] ?? sinceMs },
  );
}

function overlapMs(acks: readonly Ack[], oldLeader: string): number {
  const firstOther = acks.find(({ node }) => node !== oldLeader);
  if (firstOther === undefined) return 0;
  const lastOther = acks.findLast(({ node }) => node === firstOther.node);
  const lastOld = acks.findLast(({ node, atMs }) => node === oldLeader && atMs < (lastOther?.atMs ?? 0));
  return Math.max(0, (lastOld?.atMs ?? 0) - firstOther.atMs);
}

export function judge({ acks, present, struckMs, oldLeader, thawedMs }: Story): Verdict {
  const since = acks.filter(({ atMs }) => atMs >= struckMs);
  const racing = acks.filter(({ by }) => by === 'racing');
  const gap = longestGap(
    racing.map(({ atMs }) => atMs),
    struckMs,
  );
  const surviving = racing.filter(({ id }) => present.has(id)).map(({ atMs }) => atMs);
  const other = since.find(({ node, by }) => node !== oldLeader && by === 'racing');
  const late = thawedMs === undefined ? [] : since.filter(({ node, atMs }) => node === oldLeader && atMs >= thawedMs);
  return {
    acknowledged: acks.length,
    lost: acks.filter(({ id }) => !present.has(id)).length,
    outageMs: gap.ms,
    effectiveOutageMs: longestGap(surviving, struckMs).ms,
    overlapMs: overlapMs(since, oldLeader),
    afterThaw:
      thawedMs === undefined ? undefined : { acks: late.length, lastMs: (late.at(-1)?.atMs ?? thawedMs) - thawedMs },
    newLeader: since.find(({ node }) => node !== oldLeader)?.node,
    firstAckMs: (other?.atMs ?? gap.endMs) - struckMs,
  };
}
