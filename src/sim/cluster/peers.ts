import type { PeerStatus } from '../../core/model/observation.ts';
import { seen, type Seen, unknown } from '../../core/model/seen.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Peers } from '../../ports/peers.ts';
import type { Process } from '../time/process.ts';
import type { Cluster } from './cluster.ts';

/** Questions to the other members' REST listeners, over the network. */
export class SimPeers implements Peers {
  private readonly cluster: Cluster;
  private readonly process: Process;

  constructor(cluster: Cluster, process: Process) {
    this.cluster = cluster;
    this.process = process;
  }

  probe(apiUrl: string, budgetMs: number): Promise<Seen<PeerStatus>> {
    const { network, members } = this.cluster;
    const me = this.process.machine;
    const askedMs = me.bootMs();
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (answer: Seen<PeerStatus>): void => {
        if (isOver) return;
        isOver = true;
        cancel();
        resolve(answer);
      };
      const cancel = this.process.after(budgetMs / me.clockRate, () => finish(unknown('no answer in time')));
      const host = /^https?:\/\/([^:/]+)/.exec(apiUrl)?.[1];
      const other = members.find((each) => each.name === host);
      if (other === undefined) return;
      network.send(me.name, other.name, () => {
        other.agent?.process.run(() => {
          const status = statusOf(other.agent?.snapshot());
          const answer = (): void =>
            this.process.run(() => finish(status === undefined ? unknown('503') : seen(status, askedMs)));
          network.send(other.name, me.name, answer);
        });
      });
    });
  }
}

function statusOf(snapshot: Snapshot | undefined): PeerStatus | undefined {
  if (snapshot === undefined) return undefined;
  const { postgres, self } = snapshot.observation;
  const nothing = {
    location: undefined,
    receivedLsn: undefined,
    replayedLsn: undefined,
    timeline: undefined,
    tags: self.tags,
    watchdogFailed: false,
  };
  if (postgres.sql.kind !== 'seen') return { ...nothing, role: 'replica', state: 'stopped' };
  const status = postgres.sql.value;
  const { timeline } = status;
  if (status.kind === 'primary')
    return { ...nothing, role: 'primary', state: 'running', location: status.flushLsn, timeline };
  const { receivedLsn, replayedLsn } = status;
  return { ...nothing, role: 'replica', state: 'running', receivedLsn, replayedLsn, timeline };
}
