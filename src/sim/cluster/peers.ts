import { lsn } from '../../core/model/lsn.ts';
import { hasWatchdogFailed } from '../../core/model/watchdog.ts';
import type { PeerStatus } from '../../core/model/observation.ts';
import { seen, type Seen, unknown } from '../../core/model/seen.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { PostgresSign } from '../../core/model/leader-signs.ts';
import type { Upstream } from '../../core/model/local-postgres.ts';
import type { BeatSink, ForgetRequest, Peers, PromiseAnswer, PromiseRequest } from '../../ports/peers.ts';
import type { Process } from '../time/process.ts';
import type { Agent } from './agent.ts';
import type { Cluster } from './cluster.ts';
import { HeartbeatLine } from './heartbeat-line.ts';

/** Questions to the other members' REST listeners, over the network. */
export class SimPeers implements Peers {
  private readonly cluster: Cluster;
  private readonly process: Process;

  constructor(cluster: Cluster, process: Process) {
    this.cluster = cluster;
    this.process = process;
  }

  async probe(apiUrl: string, budgetMs: number): Promise<Seen<PeerStatus>> {
    // A fact is as old as the question.
    const askedMs = this.process.machine.bootMs();
    const status = await this.ask<PeerStatus | undefined>(apiUrl, budgetMs, (agent, reply) =>
      reply(statusOf(agent.snapshot())),
    );
    if (status === 'no answer') return unknown('no answer in time');
    return status === undefined ? unknown('503') : seen(status, askedMs);
  }

  async askFailsafe(apiUrl: string, request: PromiseRequest, budgetMs: number): Promise<PromiseAnswer> {
    const { cluster } = this;
    const { members } = cluster;
    const sentAtMs = cluster.agenda.nowMs;
    const given = await this.ask<PromiseAnswer>(apiUrl, budgetMs, (agent, reply) => {
      const answered = async (): Promise<void> => {
        const answer = await agent.promise(request);
        if (answer.kind === 'accepted') cluster.ledger.notePromise(hostOf(apiUrl) ?? '', request, sentAtMs);
        else cluster.trace.note(request.name, () => `${apiUrl} refuses: ${answer.why}`);
        const reached = members.find((each) => each.name === hostOf(apiUrl))?.host.server?.log().lsn;
        const isKnown = answer.kind === 'accepted' && reached !== undefined;
        reply(isKnown ? { ...answer, reachedLsn: lsn(reached) } : answer);
      };
      void answered();
    });
    return given === 'no answer' ? { kind: 'refused', why: given } : given;
  }

  async forgetFailsafe(apiUrl: string, request: ForgetRequest, budgetMs: number): Promise<void> {
    await this.ask<undefined>(apiUrl, budgetMs, (agent, reply) => {
      agent.forget(request);
      reply(undefined);
    });
  }

  heartbeat(apiUrl: string, sink: BeatSink, budgetMs: number): { close(): void } {
    const line = new HeartbeatLine(this.cluster, this.process, sink);
    const other = this.cluster.members.find((each) => each.name === hostOf(apiUrl));
    if (other !== undefined) line.open(other, budgetMs);
    return line;
  }

  probePostgres({ host }: Upstream, budgetMs: number): Promise<PostgresSign> {
    const { cluster, process } = this;
    const { network, settler, world } = cluster;
    const me = process.machine;
    return new Promise((resolve) => {
      const tell = (sign: PostgresSign): void => {
        settler.touch();
        resolve(sign);
      };
      process.after(budgetMs / me.clockRate, () => tell('silent'));
      const answer = (sign: PostgresSign): void => network.send(host, me.name, () => process.run(() => tell(sign)));
      network.send(me.name, host, () => {
        const other = world.hosts.get(host);
        if (other === undefined || !other.machine.up) return;
        const { server } = other;
        if (server === undefined) answer('refused');
        else if (server.deafSinceMs === undefined) server.process.run(() => answer('answers'));
      });
    });
  }

  private ask<T>(
    apiUrl: string,
    budgetMs: number,
    answer: (agent: Agent, reply: (value: T) => void) => void,
  ): Promise<T | 'no answer'> {
    const { network, members, settler } = this.cluster;
    const me = this.process.machine;
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (value: T | 'no answer'): void => {
        if (isOver) return;
        isOver = true;
        cancel();
        resolve(value);
      };
      const cancel = this.process.after(budgetMs / me.clockRate, () => finish('no answer'));
      const other = members.find((each) => each.name === hostOf(apiUrl));
      if (other === undefined) return;
      network.send(me.name, other.name, () => {
        const { agent } = other;
        agent?.process.run(() => {
          answer(agent, (value) => {
            settler.touch();
            network.send(other.name, me.name, () => this.process.run(() => finish(value)));
          });
        });
      });
    });
  }
}

function hostOf(apiUrl: string): string | undefined {
  return /^https?:\/\/([^:/]+)/.exec(apiUrl)?.[1];
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
    watchdogFailed: hasWatchdogFailed(snapshot.observation),
  };
  if (postgres.sql.kind !== 'seen') return { ...nothing, role: 'replica', state: 'stopped' };
  const status = postgres.sql.value;
  const { timeline } = status;
  if (status.kind === 'primary')
    return { ...nothing, role: 'primary', state: 'running', location: status.flushLsn, timeline };
  const { receivedLsn, replayedLsn } = status;
  return { ...nothing, role: 'replica', state: 'running', receivedLsn, replayedLsn, timeline };
}
