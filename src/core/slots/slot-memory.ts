import type { MemberSlotsSeen } from './member-slots-seen.ts';
import type { SlotReadiness } from './slot-readiness.ts';

/** What is remembered of slots between cycles. Times are of the boot clock. */
export interface SlotMemory {
  /** undefined: not leading. */
  readonly membersSeen: MemberSlotsSeen | undefined;
  /** When slots were last made, dropped or moved: what fails is not tried again at once. */
  readonly triedMs: number;
  /** When logical slots were last tended. */
  readonly tendedMs: number;
  /** Since when logical slots have waited to be copied from the leader; undefined: none does. */
  readonly copyWantedMs: number | undefined;
  /** Copies made or tried not long ago: each next one waits longer. */
  readonly copies: number;
  readonly copyHoldOffMs: number;
  /** Contradictions that people have been told of. */
  readonly clashesTold: string;
  /** Of a standby's copies; undefined: there are none. */
  readonly readiness: SlotReadiness | undefined;
}

export const NO_SLOT_MEMORY: SlotMemory = {
  membersSeen: undefined,
  triedMs: 0,
  tendedMs: 0,
  copyWantedMs: undefined,
  copies: 0,
  copyHoldOffMs: 0,
  clashesTold: '',
  readiness: undefined,
};
