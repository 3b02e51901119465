import { Socket } from 'node:net';
import { Client } from 'pg';
import { BENCH_USER } from '../cluster/member-file.ts';
import type { Node } from '../cluster/node.ts';

/** An open connection to one member. A query that hangs cannot be taken back: hang up. */
export interface Session {
  readonly client: Client;
  hangUp(): void;
}

const CONNECT_MS = 1_000;

/** `timeoutMs`: patience with each statement; undefined: as long as it takes. Undefined where nobody answers. */
export async function openSession(node: Node, host: string, timeoutMs?: number): Promise<Session | undefined> {
  const socket = new Socket();
  const client = new Client({
    host,
    port: node.port,
    user: BENCH_USER,
    database: 'postgres',
    stream: () => socket,
    ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
  });
  // What is wrong is told by the query that fails; without a listener it would end the benchmark.
  client.on('error', () => undefined);
  const hangUp = (): void => void socket.destroy();
  const timer = setTimeout(hangUp, CONNECT_MS);
  try {
    await client.connect();
    return { client, hangUp };
  } catch {
    hangUp();
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

export async function acceptsWrites({ client }: Session): Promise<boolean> {
  const { rows } = await client.query<{ writes: boolean }>('select not pg_is_in_recovery() as writes');
  return rows[0]?.writes === true;
}
