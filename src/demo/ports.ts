import { createServer } from 'node:net';
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

/** The first free ones from each base. `wished` are taken where they are free. */
export async function choosePorts(memberCount: number, etcdCount: number, wished?: DemoPorts): Promise<DemoPorts> {
  const taken = new Set<number>();
  const take = (wish: number | undefined, base: number): Promise<number> => firstFree(wish, base, taken);
  const members: MemberPorts[] = [];
  for (let index = 0; index < memberCount; index += 1) {
    const wish = wished?.members[index];
    const postgres = await take(wish?.postgres, BASE.postgres);
    members.push({ postgres, restapi: await take(wish?.restapi, BASE.restapi) });
  }
  const etcd: EtcdPorts[] = [];
  for (let index = 0; index < etcdCount; index += 1) {
    const wish = wished?.etcd[index];
    const client = await take(wish?.client, BASE.etcdClient);
    etcd.push({ client, peer: wish === undefined ? await take(undefined, BASE.etcdPeer) : await onlyThis(wish.peer) });
  }
  return { members, etcd };
}

/** An etcd that has data knows the others by these ports, so another one would not do. */
async function onlyThis(port: number): Promise<number> {
  if (await isFree(port)) return port;
  throw new StartError(`Port ${port}, which the kept etcd cluster uses, is taken by another program.`);
}

async function firstFree(wish: number | undefined, base: number, taken: Set<number>): Promise<number> {
  const candidates = Array.from({ length: TRIES_MAX }, (_, index) => base + index);
  for (const port of wish === undefined ? candidates : [wish, ...candidates]) {
    if (taken.has(port)) continue;
    taken.add(port);
    if (await isFree(port)) return port;
  }
  throw new StartError(`None of the ports ${base} to ${base + TRIES_MAX - 1} is free.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
