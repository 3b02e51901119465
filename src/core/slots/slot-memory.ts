import type { MemberSlotsSeen } from './member-slots-seen.ts';

/** What is remembered of slots between cycles. Times are of the boot clock. */
export interface SlotMemory {
  /** undefined: not leading. */
  readonly membersSeen: MemberSlotsSeen | undefined;
  /** When slots were last made, dropped or moved: what fails is not tried again at once. */
  readonly triedMs: number;
  /** When logical slots were last tended. */
  readonly tendedMs: number;
  /** Contradictions that people have been told of. */
  readonly clashesTold: string;
}

export const NO_SLOT_MEMORY: SlotMemory = {
  membersSeen: undefined,
  triedMs: 0,
  tendedMs: 0,
  clashesTold: '',
};
