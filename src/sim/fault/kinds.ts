/** Everything that goes wrong, or that people do to a cluster, while a run has faults. */
export const FAULT_KINDS = [
  'machine-crash',
  'machine-freeze',
  'agent-kill',
  'agent-freeze',
  'agent-stop',
  'postgres-kill',
  'postgres-hang',
  'replay-stall',
  'foreign-data',
  'store-outage',
  'store-election',
  'store-member-cut',
  'store-cut',
  'store-cut-one-way',
  'link-cut',
  'link-cut-one-way',
  'isolation',
  'client-cut',
  'watch-break',
  'key-deleted',
  'key-deleted-unseen',
  'lease-revoked',
  'new-leader-cut',
  'switchover',
  'failover',
  'sync-count',
  'wal-removed',
  'disk-tight',
  'reinitialize',
  'total-outage',
  'switchover-later',
  'request-withdrawn',
  'tags-changed',
  'sync-mode',
  'sync-strict',
  'nosync',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** Of them: cuts that let one direction through. */
export const ONE_WAY_CUTS: readonly FaultKind[] = ['store-cut-one-way', 'link-cut-one-way'];
