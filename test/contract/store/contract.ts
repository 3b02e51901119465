// The contract of the store port: one suite, run on real etcd and on the simulated store.
import { afterAll, beforeAll, describe } from 'vitest';
import type { StoreHarness } from './harness.ts';
import { keyContract } from './keys.ts';
import { leaseContract } from './leases.ts';
import { outageContract } from './outages.ts';
import { txnContract } from './txns.ts';
import { watchContract } from './watches.ts';

export function storeContract(name: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`store contract on ${name}`, () => {
    let current: StoreHarness | undefined;
    beforeAll(async () => {
      current = await makeHarness();
    });
    afterAll(() => current?.dispose());
    const harness = () => {
      if (current === undefined) throw new Error('the store under test did not start');
      return current;
    };
    keyContract(harness);
    txnContract(harness);
    leaseContract(harness);
    watchContract(harness);
    outageContract(harness);
  });
}
