// A connection to one host's PostgreSQL by its socket, which no fault of the network reaches. Waits for every answer as long as it
// takes: what a host says after its thaw is an answer.
import { Socket } from 'node:net';
import { Client } from 'pg';
import { PASSWORDS } from '../../test/support/kornak-cluster.ts';
import type { NetHost } from './net-host.ts';

const CONNECT_MS = 1_000;
const CONNECT_PACE_MS = 50;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Does its work over and over on one session, and gets another one whenever that breaks. */
export abstract class LocalClient {
  protected readonly host: NetHost;
  #socket: Socket | undefined;
  #over = false;
  #ended: Promise<void> | undefined;

  constructor(host: NetHost) {
    this.host = host;
  }

  start(): void {
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#over = true;
    this.#socket?.destroy();
    await this.#ended;
  }

  /** Once; rejects when the session is of no use any more. */
  protected abstract work(client: Client): Promise<void>;

  async #run(): Promise<void> {
    while (!this.#over) {
      const socket = new Socket();
      this.#socket = socket;
      try {
        const client = await this.#connected(socket);
        while (!this.#over) await this.work(client);
      } catch {
        // The server ended it, or we do.
      }
      socket.destroy();
      await pause(CONNECT_PACE_MS);
    }
  }

  async #connected(socket: Socket): Promise<Client> {
    const client = new Client({
      host: this.host.dir,
      port: 5432,
      user: 'postgres',
      password: PASSWORDS.superuser,
      database: 'postgres',
      stream: () => socket,
    });
    client.on('error', () => undefined);
    const timer = setTimeout(() => socket.destroy(), CONNECT_MS);
    try {
      await client.connect();
      return client;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** undefined: it does not say. */
export async function isStandby(client: Client): Promise<boolean | undefined> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  return rows[0]?.standby;
}
