/** How long one request may take, in milliseconds. What is not answered in time is tried again by the next cycle. */
export const BUDGETS = {
  range: 2_000,
  /** Below two thirds of the shortest usual leader lease, together with an observation: a slow store must not look like a hung loop. */
  write: 1_500,
  lease: 2_000,
  observe: 1_000,
  guard: 300,
  probe: 1_000,
  /** For a leader that is overdue: to begin a heartbeat, to answer as PostgreSQL, and for the store to tell the age of its lease. */
  heartbeat: 500,
  probePostgres: 500,
  leaseAge: 300,
  settings: 1_500,
  slot: 1_500,
  /** No step is begun later than this after its decision: there is a newer one to be had. */
  steps: 1_000,
  kill: 10_000,
  /** How much of that a cycle waits for. */
  fence: 1_000,
  /** The whole of the last check before a promotion. */
  confirm: 2_000,
} as const;
