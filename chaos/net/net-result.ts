import type { RoundResult } from '../round.ts';
import type { Mode } from '../strike.ts';
import type { AsyncLoss } from './async-bound.ts';
import type { NetFaultKind } from './net-schedule.ts';
import type { RoleStory } from './role-changes.ts';
import type { RowFindings } from './row-check.ts';

export interface NetRoundResult extends RoundResult {
  readonly resurrected: RowFindings['resurrected'];
  /** What the lists do not tell alike. */
  readonly lists: readonly string[];
  /** When the longest silence began, by the clock of the logs. */
  readonly silentSince: string;
  /** Two hosts took writes at once for that long; with synchronous replication the older one can acknowledge nothing new. */
  readonly bothAcceptMs: number;
  readonly roles: RoleStory;
  /** Whether a fault struck that may well cost the leader its role. */
  readonly mayMove: boolean;
  /** Rows of earlier rounds that came or went. */
  readonly changedSince: readonly string[];
  /** Of what synchronous replication would have kept. */
  readonly loss: AsyncLoss;
}

export interface NetRoundOrder {
  readonly seed: number;
  readonly only: NetFaultKind | undefined;
  /** Counts the rounds of this cluster. */
  readonly round: number;
  readonly mode: Mode;
  /** Numbers that no round before has used. */
  readonly ids: () => number;
  /** What each round before came to. */
  readonly settled: Map<number, string>;
}
