/** Rules that no seed reaches, each with the reason: they stand for what must not happen. */
export const NEVER_SIMULATED: ReadonlyMap<string, string> = new Map([
  ['G05', 'a simulated PostgreSQL has no passwords; test/integration/cluster/identity.test.ts tries it for real'],
  ['V25', 'no simulated disk is put back to an earlier state; test/unit/core/replaced-data.test.ts has the rule'],
  ['L20', 'a member takes the key only with its receiver off, and nothing brings the receiver back'],
  ['B75', 'simulated members have no backups; test/unit/core/restore.test.ts has the rule'],
  ['B05', 'the data of a simulated leader stay where they are; a unit test has the rule'],
  ['V40', 'the cluster loses its identity only by hand, and whoever has data tells it again first'],
  ['D52', 'a simulated directory is whole or marked; test/unit/core/healing.test.ts has the rule'],
  ['D15', 'needs a recovery longer than primary_start_timeout; test/unit/core/healing.test.ts has the rule'],
  ['D17', 'simulated clusters have the default primary_start_timeout; test/unit/core/healing.test.ts has the rule'],
  [
    'B65',
    'a simulated disk is not lost whole while /sync counts on it; test/unit/core/leave-sync.test.ts has the rule',
  ],
  ['M10', 'a simulated directory holds a cluster or nothing; test/unit/core/healing.test.ts has the rule'],
  ['M30', 'a simulated standby comes up on the WAL that it has; test/unit/core/healing.test.ts has the rule'],
  ['R57', 'nobody pauses replay in a simulated PostgreSQL; a unit test of the rules does'],
  [
    'Y30',
    'the deadline of a guard passes before its key runs out, so both are seen only where somebody deleted the key',
  ],
  [
    'Y28',
    'a lock is lost in pause only where a restart ends at the same moment; test/unit/core/paused.test.ts has the rule',
  ],
  ['Y70', 'people stop PostgreSQL before they start it as a standby, and the stop is seen first'],
  ...'C45 C75 C77 C80 C85'
    .split(' ')
    .map(
      (id) =>
        [
          id,
          'nobody reaches the other cluster of a simulated one; test/unit/core/standby-cluster.test.ts has the rule',
        ] as const,
    ),
]);

/** Rules that take so many things at once that it is chance whether one of the seeds reaches them; each has a unit test. */
export const SELDOM_SIMULATED: ReadonlyMap<string, string> = new Map([
  ['Y25', 'the pause comes while a promotion or a start is under way'],
  ['Y89', 'a lease lapses in pause, and the store goes silent between its end and the next key'],
  ['Y20', 'a leader in pause whose data are of another cluster'],
  ['S18', 'a switchover is taken back while the outcome of a write of /sync is unknown'],
  ['W30', 'a required watchdog breaks after the key was taken'],
  ['T70', 'the restart of a leader fails'],
]);
