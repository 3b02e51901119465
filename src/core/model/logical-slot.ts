import type { Lsn } from './lsn.ts';

export interface LogicalSlot {
  readonly name: string;
  readonly database: string;
  readonly plugin: string;
}

/** What is to become of a logical slot; `to` undefined: it is created. */
export interface LogicalSlotWork extends LogicalSlot {
  readonly to: Lsn | undefined;
}

/** A slot to be copied. One that is there already is of no use: only one that this member has the WAL for is better. */
export interface LogicalSlotCopy extends LogicalSlot {
  readonly isThere: boolean;
}
