// Finds the member that accepts writes, as libpq does with several hosts and target_session_attrs=read-write.
import { Socket } from 'node:net';
import { Client } from 'pg';
import { pause } from './children.ts';
import { SUPERUSER } from './member-file.ts';
import { LOOPBACK } from './ports.ts';

export interface SqlServer {
  readonly name: string;
  readonly port: number;
}

/** An open connection. Whoever lost patience with it hangs up: a query that hangs cannot be taken back. */
export interface SqlSession {
  readonly server: SqlServer;
  readonly client: Client;
  hangUp(): void;
}

export const PATIENCE_MS = 1_000;
const RACE_EVERY_MS = 20;

/** undefined: not reached, or no answer in time. */
export async function openSession(server: SqlServer, password: string): Promise<SqlSession | undefined> {
  const socket = new Socket();
  const client = new Client({
    host: LOOPBACK,
    port: server.port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    application_name: 'kornak-demo',
    stream: () => socket,
  });
  // What is wrong is told by the query that fails; without a listener it would end the demo.
  client.on('error', () => undefined);
  const session = { server, client, hangUp: () => void socket.destroy() };
  try {
    await within(client.connect(), PATIENCE_MS);
    return session;
  } catch {
    session.hangUp();
    return undefined;
  }
}

/** Rejects after that time; the work itself goes on, so hang up. */
export async function within<T>(work: Promise<T>, budgetMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${budgetMs} ms`)), budgetMs);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

export interface RaceOptions {
  readonly servers: readonly SqlServer[];
  readonly password: string;
  readonly signal: AbortSignal;
}

/** Asks all at once, each every 20 ms, until one accepts writes. undefined: called off. */
export function raceForWritable({ servers, password, signal }: RaceOptions): Promise<SqlSession | undefined> {
  const won = new AbortController();
  const over = AbortSignal.any([signal, won.signal]);
  return new Promise((resolve) => {
    const seek = async (server: SqlServer): Promise<void> => {
      const session = await seekWritable({ server, password, over });
      if (session === undefined) return;
      // In this order: the abort resolves it too, and only the first time counts.
      resolve(session);
      won.abort();
    };
    over.addEventListener('abort', () => resolve(undefined), { once: true });
    void Promise.all(servers.map(seek)).then(() => resolve(undefined));
  });
}

interface SeekOptions {
  readonly server: SqlServer;
  readonly password: string;
  readonly over: AbortSignal;
}

/** One connection is asked again and again: hundreds of new ones would slow down the very failover they wait for. */
async function seekWritable({ server, password, over }: SeekOptions): Promise<SqlSession | undefined> {
  while (!over.aborted) {
    const session = await openSession(server, password);
    let answer = await askReadOnly(session);
    while (answer === 'on' && !over.aborted) {
      await pause(RACE_EVERY_MS);
      answer = await askReadOnly(session);
    }
    if (answer === 'off' && !over.aborted) return session;
    session?.hangUp();
    await pause(RACE_EVERY_MS);
  }
  return undefined;
}

/** undefined: no answer, so the connection is of no use. */
async function askReadOnly(session: SqlSession | undefined): Promise<string | undefined> {
  if (session === undefined) return undefined;
  try {
    const asked = session.client.query<{ transaction_read_only: string }>('SHOW transaction_read_only');
    return (await within(asked, PATIENCE_MS)).rows[0]?.transaction_read_only;
  } catch {
    return undefined;
  }
}
