import { LeaseKeeper, type NewReign } from '../../src/runtime/lease-keeper.ts';
import { FakeClock, FakeGuard, FakePeers, FakeStore } from './runtime-ports.ts';

export const LEADER_KEY = '/service/test/leader';

/** A lease keeper on ports that the test commands, and what it told. */
export interface KeptLease {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly guard: FakeGuard;
  readonly peers: FakePeers;
  readonly keeper: LeaseKeeper;
  readonly losses: string[];
  readonly changes: string[];
}

export function keptLease(): KeptLease {
  const clock = new FakeClock();
  const store = new FakeStore(clock);
  const guard = new FakeGuard();
  const peers = new FakePeers();
  const losses: string[] = [];
  const changes: string[] = [];
  const keeper = new LeaseKeeper({
    store,
    guard,
    clock,
    leaderKey: LEADER_KEY,
    name: 'ada',
    scope: 'test',
    peers,
    onChange: (reason) => changes.push(reason),
    postmaster: () => undefined,
    onLost: (why) => losses.push(why),
    onTrouble: () => undefined,
  });
  return { clock, store, guard, peers, keeper, losses, changes };
}

/** The leader key as it stands once `ada` has taken it under a lease of her own. */
export async function takeKey(store: FakeStore, ttlMs: number): Promise<NewReign> {
  const lease = await store.grantLease(ttlMs);
  if (lease.kind !== 'alive') throw new Error('no lease');
  store.write(LEADER_KEY, 'ada', lease.leaseId);
  return { reign: store.revision, leaseId: lease.leaseId, ttlMs, sentAtMs: lease.sentAtMs, unguarded: false };
}
