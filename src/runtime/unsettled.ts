export type UnsettledWrite = 'sync' | 'pledge' | 'failsafe' | 'release';

/** Writes whose outcome the store did not tell. A later answered write of the same key settles them; a read never does. */
export class Unsettled {
  /** An earlier life of this agent may have had a pledge on its way. */
  private readonly writes = new Set<UnsettledWrite>(['pledge']);

  note(write: UnsettledWrite): void {
    this.writes.add(write);
  }

  settle(write: UnsettledWrite): void {
    this.writes.delete(write);
  }

  all(): ReadonlySet<UnsettledWrite> {
    return new Set(this.writes);
  }
}
