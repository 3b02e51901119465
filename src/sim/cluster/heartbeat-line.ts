import type { Beat } from '../../core/model/leader-signs.ts';
import type { BeatSink } from '../../ports/peers.ts';
import type { Process } from '../time/process.ts';
import type { Agent } from './agent.ts';
import type { Cluster } from './cluster.ts';
import type { SimMember } from './member.ts';

/** How soon a kernel tells that a program at the other end is gone. */
const LOOK_MS = 40;

/**
 * A stream of beats from one agent to another over the network. Beats keep their order, and those that the network swallows do not
 * come later. The end of the program at the other end is told by its machine, if that can; the end of a machine by nobody.
 */
export class HeartbeatLine {
  private readonly cluster: Cluster;
  private readonly process: Process;
  private readonly sink: BeatSink;
  private isOver = false;
  private sent = 0;
  private arrived = 0;
  private stop: (() => void) | undefined;

  constructor(cluster: Cluster, process: Process, sink: BeatSink) {
    this.cluster = cluster;
    this.process = process;
    this.sink = sink;
  }

  open(other: SimMember, budgetMs: number): void {
    const { cluster, process } = this;
    const me = process.machine;
    const isBegun = (): boolean => this.arrived > 0;
    process.after(budgetMs / me.clockRate, () => {
      if (!isBegun()) this.end('silent', 'no answer in time');
    });
    cluster.network.send(me.name, other.name, () => {
      if (!other.machine.up) return;
      const { agent } = other;
      if (agent === undefined || !agent.process.alive) this.toldEnd(other, 'refused', 'connection refused');
      else agent.process.run(() => this.admit(other, agent));
    });
  }

  close(): void {
    this.isOver = true;
    this.stop?.();
  }

  private admit(other: SimMember, agent: Agent): void {
    if (this.isOver) return;
    const stop = agent.heartbeat((beat) => {
      if (beat === undefined) this.toldEnd(other, 'refused', 'the stream ended');
      else this.send(other, beat);
    });
    if (stop === undefined) this.toldEnd(other, 'silent', '503');
    else {
      this.stop = () => agent.process.run(stop);
      this.watch(other, agent);
    }
  }

  private send(other: SimMember, beat: Beat): void {
    const number = ++this.sent;
    this.carry(other, () => {
      if (number < this.arrived) return;
      this.arrived = number;
      this.sink.onBeat(beat);
    });
  }

  private toldEnd(other: SimMember, how: 'refused' | 'silent', why: string): void {
    this.carry(other, () => this.end(how, why));
  }

  private carry(other: SimMember, arrive: () => void): void {
    const { network, agenda } = this.cluster;
    const me = this.process.machine.name;
    if (this.isOver || !network.isOpen(other.name, me)) return;
    agenda.after(network.oneWayMs(), () =>
      this.process.run(() => {
        if (!this.isOver) arrive();
      }),
    );
  }

  private watch(other: SimMember, agent: Agent): void {
    this.cluster.agenda.after(LOOK_MS, () => {
      if (this.isOver || !this.process.alive) return;
      if (agent.process.alive) this.watch(other, agent);
      else if (other.machine.up) this.toldEnd(other, 'refused', 'connection reset');
    });
  }

  private end(how: 'refused' | 'silent', why: string): void {
    if (this.isOver) return;
    this.close();
    this.cluster.settler.touch();
    this.sink.onEnd(how, why);
  }
}
