/** Promises in a row that the runtime may chain between two calls of a port; more would only reach the next event late. */
const HOPS = 24;
const ROUNDS_MAX = 1000;
const REST = Promise.resolve();

/**
 * Lets the promises of the programs under test run to rest between two events. Whatever calls into them, or is called by
 * them, says so by `touch`; at rest nobody has for a whole round of hops.
 */
export class Settler {
  private touches = 0;
  private settled = 0;

  touch(): void {
    this.touches += 1;
  }

  isRestless(): boolean {
    return this.touches !== this.settled;
  }

  async settle(): Promise<void> {
    for (let round = 0; this.settled !== this.touches; round += 1) {
      if (round > ROUNDS_MAX) throw new Error('the programs under test never come to rest');
      this.settled = this.touches;
      for (let hop = 0; hop < HOPS; hop += 1) await REST;
    }
  }
}
