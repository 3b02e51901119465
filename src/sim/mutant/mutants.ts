import { clockStopsAsleep, keyReadFirst, marginForgotten, ttlNotAsGranted } from './clock-mutants.ts';
import { guardLooksLate, guardUnheard } from './guard-mutants.ts';
import { checkpointerUnasked, moreNamedThanWait, settledByReading } from './in-force-mutants.ts';
import { releasedFirst, takenAtOnce } from './vacancy-mutants.ts';
import { connectingUnseen, pledgedBeforeReplay, timelineOfUpstream } from './position-mutants.ts';
import { lossUnnoticed, promisedForLess, promisedUnwritten } from './promise-mutants.ts';
import { configUncompared, syncWrittenBlindly, timelineUnclaimed } from './transaction-mutants.ts';
import { compareOnly, deadlineFromReply, guardOff, keepAliveAlone, refusalBorne } from './lease-mutants.ts';
import { givenUpAsVoter, givenUpUnrecorded, halfDoneStarted } from './healing-mutants.ts';
import {
  acceptedByMost,
  ledUnlisted,
  promiseNotKept,
  promiseNotOnDisk,
  promisedFromAnswer,
} from './failsafe-mutants.ts';
import { leftoversUnseen, storageUnjudged } from './health-mutants.ts';
import { clearedTooEarly, markIgnored, unmarkedPause } from './pause-mutants.ts';
import type { Mutant } from './mutant.ts';
import { firstBackLeads, handedOverUnchecked, lagUnjudged } from './outage-mutants.ts';
import { bestOfThoseWhoMay, streamedUnderPledge, votesForPledges } from './pledge-mutants.ts';
import { countLoweredFirst, promotedForTooFew, quorumLoweredFirst, votersUnmarked } from './quorum-mutants.ts';
import {
  revokedAsynchronous,
  revokedBlindly,
  revokedByOneCutOff,
  revokedByTooFew,
  revokedInPause,
  revokedUnasked,
  revokedWhileReceiving,
} from './revocation-mutants.ts';
import { grownInReverse, shrunkInReverse, unknownForNotDone, unmarked, walsendersUnasked } from './sync-mutants.ts';
import {
  lsnBeforeTimeline,
  pledgedTooEarly,
  promotedUnchecked,
  promotedUnlisted,
  replayedForReceived,
  takenBlindly,
} from './takeover-mutants.ts';

/** Every mechanism taken away, one at a time. */
export const MUTANTS: readonly Mutant[] = [
  deadlineFromReply,
  keepAliveAlone,
  unmarkedPause,
  markIgnored,
  clearedTooEarly,
  compareOnly,
  takenBlindly,
  grownInReverse,
  shrunkInReverse,
  unmarked,
  walsendersUnasked,
  lsnBeforeTimeline,
  replayedForReceived,
  promotedUnchecked,
  promotedUnlisted,
  guardOff,
  pledgedTooEarly,
  unknownForNotDone,
  marginForgotten,
  ttlNotAsGranted,
  clockStopsAsleep,
  keyReadFirst,
  refusalBorne,
  guardLooksLate,
  guardUnheard,
  takenAtOnce,
  releasedFirst,
  promisedForLess,
  promisedUnwritten,
  lossUnnoticed,
  pledgedBeforeReplay,
  timelineOfUpstream,
  connectingUnseen,
  syncWrittenBlindly,
  settledByReading,
  configUncompared,
  timelineUnclaimed,
  checkpointerUnasked,
  moreNamedThanWait,
  givenUpUnrecorded,
  givenUpAsVoter,
  halfDoneStarted,
  firstBackLeads,
  lagUnjudged,
  handedOverUnchecked,
  promiseNotOnDisk,
  promisedFromAnswer,
  acceptedByMost,
  promiseNotKept,
  ledUnlisted,
  storageUnjudged,
  leftoversUnseen,
  quorumLoweredFirst,
  countLoweredFirst,
  promotedForTooFew,
  votersUnmarked,
  revokedUnasked,
  revokedByOneCutOff,
  revokedByTooFew,
  revokedBlindly,
  revokedAsynchronous,
  revokedWhileReceiving,
  revokedInPause,
  votesForPledges,
  streamedUnderPledge,
  bestOfThoseWhoMay,
];
