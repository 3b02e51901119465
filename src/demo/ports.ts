import { createServer, type Server } from 'node:net';
import { StartError } from './start-error.ts';

export interface MemberPorts {
  readonly postgres: number;
  readonly restapi: number;
}

export interface EtcdPorts {
  readonly client: number;
  readonly peer: number;
}

export interface DemoPorts {
  readonly members: readonly MemberPorts[];
  readonly etcd: readonly EtcdPorts[];
}

/** Away from the usual ones, so that a PostgreSQL or an etcd of this machine is never in the way. */
const BASE = { postgres: 25_432, restapi: 28_008, etcdClient: 22_379, etcdPeer: 22_479 } as const;
const TRIES_MAX = 200;

export const LOOPBACK = '127.0.0.1';

/** Chooses ports and holds them until the programs that they are for start: another demo may be choosing too. */
export class PortReservation {
  readonly #held = new Map<number, Server>();

  /** The first free ones from each base. `wished` are taken where they are free. */
  async choose(memberCount: number, etcdCount: number, wished?: DemoPorts): Promise<DemoPorts> {
    const members: MemberPorts[] = [];
    for (let index = 0; index < memberCount; index += 1) {
      const wish = wished?.members[index];
      const postgres = await this.#firstFree(wish?.postgres, BASE.postgres);
      members.push({ postgres, restapi: await this.#firstFree(wish?.restapi, BASE.restapi) });
    }
    const etcd: EtcdPorts[] = [];
    for (let index = 0; index < etcdCount; index += 1) {
      const wish = wished?.etcd[index];
      const client = await this.#firstFree(wish?.client, BASE.etcdClient);
      const peer = wish === undefined ? await this.#firstFree(undefined, BASE.etcdPeer) : await this.#only(wish.peer);
      etcd.push({ client, peer });
    }
    return { members, etcd };
  }

  /** Their programs can listen now. */
  async release(ports: readonly number[]): Promise<void> {
    const servers = ports.map((port) => this.#held.get(port)).filter((server) => server !== undefined);
    for (const port of ports) this.#held.delete(port);
    await Promise.all(servers.map(closed));
  }

  async releaseAll(): Promise<void> {
    await this.release([...this.#held.keys()]);
  }

  /** An etcd that has data knows the others by these ports, so another one would not do. */
  async #only(port: number): Promise<number> {
    if (await this.#hold(port)) return port;
    throw new StartError(`Port ${port}, which the kept etcd cluster uses, is taken by another program.`);
  }

  async #firstFree(wish: number | undefined, base: number): Promise<number> {
    const candidates = Array.from({ length: TRIES_MAX }, (_, index) => base + index);
    for (const port of wish === undefined ? candidates : [wish, ...candidates]) {
      if (await this.#hold(port)) return port;
    }
    throw new StartError(`None of the ports ${base} to ${base + TRIES_MAX - 1} is free.`);
  }

  async #hold(port: number): Promise<boolean> {
    if (this.#held.has(port)) return false;
    const server = await listening(port);
    if (server !== undefined) this.#held.set(port, server);
    return server !== undefined;
  }
}

/** undefined: somebody else has it. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(server));
  });
}

function closed(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}
