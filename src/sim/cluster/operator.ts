import { encodeFailover } from '../../core/layout/failover-key.ts';
import { wallAt } from '../time/machine.ts';
import type { Chance } from '../time/chance.ts';
import { ByHand } from './by-hand.ts';
import type { Cluster } from './cluster.ts';

/** People are patient, up to a point. */
const BOOTSTRAP_PAUSE_MS = 4000;

const RESUME_PACE_MS = 100;

/** What people do to a cluster, straight in the store, as `kornakctl` and less careful hands do. */
export class Operator {
  readonly byHand: ByHand;
  private readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.byHand = new ByHand(cluster);
  }

  /** Asks one member after the other until there is a cluster, and then once more, which is to be refused. */
  bootstrap(chance: Chance): void {
    const { agenda, members, store, keys } = this.cluster;
    agenda.after(chance.between(BOOTSTRAP_PAUSE_MS, 2 * BOOTSTRAP_PAUSE_MS), () => {
      chance.pick(members)?.agent?.askForBootstrap();
      if ((store.state.keys.get(keys.initialize)?.value ?? '') === '') this.bootstrap(chance);
    });
  }

  deleteLeaderKey(): void {
    const { keys } = this.cluster;
    this.write(keys.leader, undefined);
  }

  /** As an etcd leader that was stuck does with leases that were renewed elsewhere (etcd#15247). */
  revokeLeaderLease(): void {
    const { store, keys } = this.cluster;
    const leaseId = store.state.keys.get(keys.leader)?.leaseId;
    if (leaseId !== undefined && store.mode === 'up') store.state.revoke(leaseId);
  }

  /** Somebody writes what means nothing. */
  scribble(key: string, text: string): void {
    this.write(key, text);
  }

  switchover(chance: Chance): void {
    const leader = this.cluster.leader()?.name;
    if (leader === undefined) return;
    const candidate = chance.pick(this.cluster.members.map((each) => each.name).filter((name) => name !== leader));
    if (candidate === undefined) return;
    this.write(this.cluster.keys.failover, encodeFailover(chance.happens(0.5) ? { leader } : { leader, candidate }));
  }

  /** At a time, of which the leader is told in advance or, if people are late, when it has passed. */
  switchoverLater(chance: Chance): void {
    const leader = this.cluster.leader()?.name;
    if (leader === undefined) return;
    const scheduledAt = wallAt(this.cluster.agenda.nowMs + chance.between(-20_000, 30_000));
    this.write(this.cluster.keys.failover, encodeFailover({ leader, scheduledAt }));
    if (chance.happens(0.3)) this.cluster.agenda.after(chance.between(0, 30_000), () => this.withdrawRequest());
  }

  withdrawRequest(): void {
    this.write(this.cluster.keys.failover, encodeFailover(undefined));
  }

  failover(chance: Chance): void {
    const candidate = chance.pick(this.cluster.members)?.name;
    if (candidate !== undefined) this.write(this.cluster.keys.failover, encodeFailover({ candidate }));
  }

  pause(isPaused: boolean): void {
    this.changeConfig({ pause: isPaused });
  }

  /** As soon as the store can be written, and for good. */
  resume(): void {
    const { agenda } = this.cluster;
    this.pause(false);
    if (this.isPaused()) agenda.after(RESUME_PACE_MS, () => this.resume());
  }

  /** The cluster is to follow another one, which nobody here reaches; or to be one of its own again. */
  standBy(isStandby: boolean): void {
    this.changeConfig({ standby_cluster: isStandby ? { host: 'far', port: 5432 } : null });
  }

  /** As soon as the store can be written, and for good. */
  promoteCluster(): void {
    const { agenda, store } = this.cluster;
    this.standBy(false);
    if (store.mode !== 'up') agenda.after(RESUME_PACE_MS, () => this.promoteCluster());
  }

  /** By the store's own truth. */
  isPaused(): boolean {
    const text = this.cluster.store.state.keys.get(this.cluster.keys.config)?.value;
    const config: unknown = text === undefined ? undefined : JSON.parse(text);
    return typeof config === 'object' && config !== null && 'pause' in config && config.pause === true;
  }

  changeConfig(change: Readonly<Record<string, unknown>>): void {
    const { keys, store } = this.cluster;
    const text = store.state.keys.get(keys.config)?.value;
    if (text === undefined) return;
    const config: unknown = JSON.parse(text);
    if (typeof config === 'object' && config !== null)
      this.write(keys.config, JSON.stringify({ ...config, ...change }));
  }

  private write(key: string, value: string | undefined): void {
    const { store, trace } = this.cluster;
    if (store.mode !== 'up') return;
    trace.note('OPERAT', () => `${key} := ${value ?? '(deleted)'}`);
    store.state.txn({
      compares: [],
      success: [value === undefined ? { kind: 'delete', key } : { kind: 'put', key, value }],
    });
  }
}
