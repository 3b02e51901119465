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
