import type { RuleId } from './rule.ts';

export type EventKind =
  | 'cluster.bootstrapped'
  | 'leader.acquired'
  | 'leader.released'
  | 'leader.lost'
  | 'leader.gone'
  | 'leader.suspected'
  | 'failsafe.began'
  | 'failsafe.ended'
  | 'postgres.promoted'
  | 'postgres.demoted'
  | 'postgres.crashed'
  | 'postgres.started'
  | 'postgres.fenced'
  | 'postgres.unfenced'
  | 'member.unfit'
  | 'health.changed'
  | 'sync.changed'
  | 'sync.blocked'
  | 'member.cloned'
  | 'member.rewound'
  | 'member.following'
  | 'slots.dropped'
  | 'slots.copied'
  | 'slots.clash'
  | 'slots.unready'
  | 'member.healing'
  | 'switchover.started'
  | 'switchover.refused'
  | 'switchover.cancelled'
  | 'restart.started'
  | 'restart.dropped'
  | 'job.failed'
  | 'bootstrap.failed'
  | 'cluster.demoted'
  | 'cluster.paused'
  | 'cluster.resumed'
  | 'pause.noticed';

/** Something that happened, with the rule that decided it and what it was decided from. */
export interface ClusterEvent {
  readonly kind: EventKind;
  readonly member: string;
  readonly wallAt: string;
  /** Boot clock of the member that tells. Comparable within one member only. */
  readonly atMs: number;
  readonly rule: RuleId;
  /** One sentence for people. */
  readonly text: string;
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>;
}
