/** Bounds of the core's waits, in milliseconds, and of its tries. */
export const LIMITS = {
  /** How long a candidate waits for the pledges of members that are up. */
  pledgeWaitMs: 1_000,
  /** How long a better candidate may leave the key untaken before the next one does. */
  betterWaitMs: 2_000,
  /** How long the candidate named by a switchover may leave the key untaken. */
  namedCandidateWaitMs: 3_000,
  /** How long whoever was named although it is not in /sync leaves the key to those who are. */
  outsiderWaitMs: 15_000,
  /** A leader of which nothing was heard for so long may be suspected: three beats. */
  silentLeaderMs: 750,
  /** Its machine's word that nothing runs there counts at once for so long; then the age of the lease tells more. */
  refusedMs: 1_000,
  /** While it may be revoked a leader begins a renewal this often, so that an older one tells that it does not. */
  revocableRenewMs: 1_000,
  /** What a renewal may take over that. */
  renewalLateMs: 250,
  /** Only an answer of the store as young as this tells that a lease is overdue. */
  leaseToldMs: 1_500,
  /** WAL that arrived so long ago tells of a leader that still writes. */
  streamingMs: 1_000,
  /** A process of the server that has not read for so long whom commits wait for is told of. */
  unreadMs: 3_000,
  /** Peers are asked what they are this often while that may matter. */
  probeEveryMs: 1_000,
  /** How long the candidates of a switchover may take to answer before PostgreSQL is stopped. */
  candidateAnswerMs: 2_000,
  /** How long the checkpoint before a switchover may take; it only makes the shutdown shorter. */
  checkpointFirstMs: 30_000,
  /** How long a primary that is gone waits for the answers of its synchronous standbys before it is started again. */
  crashAnswerMs: 1_000,
  /** After that the key is left to them for so long: whoever does not take it by then has a reason that it did not tell. */
  crashAsideMs: 2_000,
  /** Who has more WAL to replay than this serves no sooner than a primary that is started again. */
  replayAheadBytes: 16_777_216n,
  /** How long the old leader of a switchover keeps out of the race. */
  switchedAwayMs: 10_000,
  /** How long a stopped leader waits for its candidate to have received the shutdown checkpoint. */
  handOverMs: 5_000,
  /** Within this time of taking the key, PostgreSQL must have begun to serve, or the key is given up. */
  takeUpMs: 60_000,
  /** How long a new member waits to see its slot on the leader before it clones without knowing. */
  slotWaitMs: 5_000,
  /** After a promotion that failed, this member leaves the key to others for so long: no less than what they wait for a better one. */
  othersFirstMs: 5_000,
  /** A standby that starts without the leader of today may come up by itself for so long before it is started anew. */
  startAloneMs: 10_000,
  /** A scheduled switchover that comes later than this many `loop_wait`s is stale. */
  staleScheduleLoops: 1.5,

  /** Trouble with server or storage that is over sooner is not told. */
  troubleToldMs: 2_000,
  /** So many times `health_timeout` a server may leave new connections unanswered whose WAL moves on for those that stand. */
  patienceWhileServing: 3,
  /** What a PostgreSQL that is gone has left may end by itself for so long. */
  leftoversMs: 200,
  /** What is killed is gone by then, unless it is in state D. */
  killedByMs: 1_000,
  /** Free space that makes a member worth handing over to: four WAL segments. */
  roomMiB: 64,
  /** Between two tries to hand over for want of space. */
  handOverAgainMs: 60_000,
  /** Who gave up leadership as unfit leaves the key to others for so long. */
  unfitAsideMs: 10_000,

  /** After taking the key, a leader gives the running voters of the last reign so long to connect. */
  reconnectMs: 3_000,

  /** A member that leaves on purpose waits so many `loop_wait`s to be out of /sync. */
  leaveSyncLoops: 2,
  /** The wish to leave is told for so long after it was last felt. */
  leavingMs: 3_000,

  cloneMs: 24 * 3_600_000,
  startStandbyMs: 3_600_000,
  followMs: 30_000,
  /** Above the longest that a hook may be given, so that its own bound ends it. */
  prePromoteMs: 65_000,
  cutOffMs: 10_000,
  stopMs: 60_000,
  crashRecoveryMs: 3_600_000,
  rewindMs: 3_600_000,
  checkpointMs: 600_000,
  setAsideMs: 30_000,
  recordMs: 600_000,
  /** For giving a key up in good order before its lease is let run out. */
  giveUpMs: 2_000,

  startTries: 3,
  rewindTries: 2,
  promoteTries: 2,
  /** First pause after a failed piece of work; doubles with each try up to the largest. */
  holdOffMs: 1_000,
  holdOffMaxMs: 30_000,

  /** A primary looks at its standbys this often while nothing wakes it. */
  primaryQuietMs: 1_000,
  /** How long a standby goes without WAL that nobody seems to have before it is cloned anew. */
  walGoneMs: 15_000,
  /** A standby that does not stream for so long tells why. */
  tellMs: 5_000,
  replayStuckMs: 60_000,
  /** How often it is looked whether people have discarded what is held. */
  heldLookMs: 5_000,
  /** The store must have been silent for so long before PostgreSQL is started without it. */
  silentMs: 3_000,
  /** A slot that could not be made, dropped or moved is tried again after this. */
  slotPauseMs: 1_000,
  /** Members that copy logical slots do so one after the other, this long apart. */
  copyTurnMs: 5_000,
  /** First pause between two copies of logical slots; doubles up to the largest. After a quiet time it is as if none had been. */
  copyPauseMs: 10_000,
  copyPauseMaxMs: 600_000,
  copySlotsMs: 600_000,
  /** Logical slots are tended this often at most. */
  logicalPauseMs: 2_000,
  /** A standby that is not connected is asked to try again this often. */
  nudgeMs: 500,
  /** The same for one that follows another cluster, which may be away for long. */
  nudgeRemoteMs: 5_000,
  /** Pace while something is under way that sends no event. */
  paceMs: 100,
} as const;

export function holdOffMs(tries: number): number {
  return Math.min(LIMITS.holdOffMs * 2 ** Math.max(0, tries - 1), LIMITS.holdOffMaxMs);
}
