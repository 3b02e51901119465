import type { Server } from './database/server.ts';
import type { WalEnd } from './database/wal.ts';
import type { PgHost, PgWorld } from './database/world.ts';

const ANSWER_MS_MAX = 2500;
/** A client that found nobody to write to looks again after this. */
const SEARCH_MS = 250;

export interface ClientHabits {
  readonly name: string;
  readonly thinkMs: number;
  /** Goes to the member that the store names; otherwise it stays with a server for as long as it answers at all. */
  readonly readsTopology: boolean;
}

/** Writes one commit after the other through whoever accepts writes, and remembers which were acknowledged. */
export class Client {
  readonly acknowledged: WalEnd[] = [];
  unknownCount = 0;
  private readonly world: PgWorld;
  private readonly habits: ClientHabits;
  private readonly leader: () => string | undefined;
  private at: PgHost | undefined;
  private request = 0;

  constructor(world: PgWorld, habits: ClientHabits, leader: () => string | undefined) {
    this.world = world;
    this.habits = habits;
    this.leader = leader;
    this.later(0);
  }

  private later(extraMs: number): void {
    const { agenda, chance } = this.world;
    agenda.after(extraMs + this.habits.thinkMs * (0.25 + 1.5 * chance.next()), () => this.write());
  }

  private write(): void {
    const host = this.choose();
    if (host === undefined) {
      this.later(SEARCH_MS);
      return;
    }
    const request = ++this.request;
    const { agenda, network } = this.world;
    agenda.after(ANSWER_MS_MAX, () => {
      if (request !== this.request) return;
      this.unknownCount += 1;
      this.fail(0);
    });
    network.send(this.habits.name, host.name, () => this.arrive(host, request));
  }

  private arrive(host: PgHost, request: number): void {
    if (!host.machine.up) return;
    // One that stays has its session, postmaster or not; one that comes anew needs the postmaster.
    const server = this.habits.readsTopology ? host.server : (host.server ?? host.orphans);
    if (this.habits.readsTopology && server?.deafSinceMs !== undefined) return;
    if (server === undefined) this.refused(host, request);
    else server.process.run(() => this.commit(server, request));
  }

  private commit(server: Server, request: number): void {
    const { network, chance } = this.world;
    const { host } = server;
    server.commit(
      chance.integer(60, 300),
      (at) => network.send(host.name, this.habits.name, () => this.done(request, at)),
      () => this.refused(host, request),
    );
  }

  private refused(host: PgHost, request: number): void {
    this.world.network.send(host.name, this.habits.name, () => {
      if (request === this.request) this.fail(SEARCH_MS);
    });
  }

  private done(request: number, at: WalEnd): void {
    this.acknowledged.push(at);
    if (request !== this.request) return;
    this.request += 1;
    this.later(0);
  }

  private fail(extraMs: number): void {
    this.request += 1;
    this.at = undefined;
    this.later(extraMs);
  }

  private choose(): PgHost | undefined {
    if (this.habits.readsTopology) return this.world.hosts.get(this.leader() ?? '');
    this.at ??= this.world.chance.pick(
      [...this.world.hosts.values()].filter((host) => host.server?.role === 'primary'),
    );
    return this.at;
  }
}
