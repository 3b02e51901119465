import type { PrimaryStatus } from '../model/local-postgres.ts';
import type { Memory } from '../model/memory.ts';
import type { Step } from '../model/plan.ts';
import type { Context, EventDraft, HeldLease } from './context.ts';

/** A primary under its lease, with a view that shows its own reign. */
export interface Leading {
  readonly ctx: Context;
  readonly held: HeldLease;
  readonly primary: PrimaryStatus;
}

/** A part of a primary's upkeep: what to do now, as far as there is something. */
export interface Chore {
  readonly why: string;
  readonly steps: readonly Step[];
  readonly memory?: Partial<Memory>;
  readonly events?: readonly EventDraft[];
  readonly soon?: boolean;
  /** Members to be asked what they are. */
  readonly probe?: readonly string[];
}
