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
const BASE = { claim: 22_300, etcdClient: 22_379, etcdPeer: 22_679, postgres: 25_432, restapi: 28_008 } as const;
const BLOCKS_MAX = 20;
const BLOCK_PORTS = 10;
const TRIES_MAX = 200;

export const LOOPBACK = '127.0.0.1';

export interface PortWishes {
  readonly memberCount: number;
  readonly etcdCount: number;
  /** Those of a kept cluster, taken again where they are free. */
  readonly before?: DemoPorts | undefined;
}

/** The first free ones of this demo's own block. Most are used only seconds later, so another demo keeps away from it. */
export async function choosePorts({ memberCount, etcdCount, before }: PortWishes): Promise<DemoPorts> {
  const offset = (await claimBlock()) * BLOCK_PORTS;
  const taken = new Set<number>();
  const take = (wish: number | undefined, base: number): Promise<number> => firstFree(wish, base + offset, taken);
  const members: MemberPorts[] = [];
  for (let index = 0; index < memberCount; index += 1) {
    const wish = before?.members[index];
    const postgres = await take(wish?.postgres, BASE.postgres);
    members.push({ postgres, restapi: await take(wish?.restapi, BASE.restapi) });
  }
  const etcd: EtcdPorts[] = [];
  for (let index = 0; index < etcdCount; index += 1) {
    const wish = before?.etcd[index];
    const client = await take(wish?.client, BASE.etcdClient);
    etcd.push({ client, peer: wish === undefined ? await take(undefined, BASE.etcdPeer) : await onlyThis(wish.peer) });
  }
  return { members, etcd };
}

/** A port that is held as long as this process lives tells other demos that the block is in use. */
async function claimBlock(): Promise<number> {
  for (let block = 0; block < BLOCKS_MAX; block += 1) {
    const server = await listening(BASE.claim + block);
    if (server === undefined) continue;
    server.unref();
    return block;
  }
  throw new StartError(`${BLOCKS_MAX} demos run already, or their ports from ${BASE.claim} on are taken.`);
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

async function isFree(port: number): Promise<boolean> {
  const server = await listening(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** undefined: somebody else has it. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(server));
  });
}
