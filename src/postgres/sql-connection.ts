import { Socket } from 'node:net';
import { Client, type ClientConfig } from 'pg';
import { type Deadline, remainingMs } from './deadline.ts';
import { reasonOf } from './job-failure.ts';
import type { Login } from './options.ts';

export interface SqlPlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly login: Login;
  /** `database`: a replication connection that pg_hba treats as one to that database; `true`: one that it calls "replication". */
  readonly replication?: 'database' | 'true';
}

/** What PostgreSQL, or the way to it, answered instead of a result. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';
  /** SQLSTATE or the system's code (ECONNREFUSED, ENOENT); undefined for a missed deadline. */
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** Longer than any budget of ours: what the server does to a statement whose asker has gone. */
const STATEMENT_TIMEOUT_MS = 5_000;

/**
 * One connection, without hidden reconnecting. A question that misses its deadline ends the connection, because the driver
 * would keep every later one waiting behind it.
 */
export class SqlConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  #isOpen = true;

  private constructor(client: Client, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
  }

  static async open(place: SqlPlace, purpose: string, deadline: Deadline): Promise<SqlConnection> {
    const socket = new Socket();
    const client = new Client(clientConfig(place, purpose, socket));
    const connection = new SqlConnection(client, socket);
    client.on('error', () => connection.destroy()); // Lost; whoever asks next is told.
    client.on('end', () => {
      connection.#isOpen = false;
    });
    await connection.#within(client.connect(), deadline, `connecting to ${place.host}:${place.port}`);
    return connection;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The process that serves this connection. */
  get backendPid(): number | undefined {
    const client = this.#client;
    return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
  }

  /** The rows of a statement, as texts by column. */
  async query(text: string, deadline: Deadline): Promise<readonly Record<string, unknown>[]> {
    const result = await this.#within(this.#client.query<Record<string, unknown>>(text), deadline, 'a statement');
    return result.rows;
  }

  /** The first row's column of that name as text; undefined for NULL or no row. */
  async value(text: string, column: string, deadline: Deadline): Promise<string | undefined> {
    const found = (await this.query(text, deadline))[0]?.[column];
    return typeof found === 'string' ? found : undefined;
  }

  onEnd(listener: () => void): void {
    this.#client.once('end', listener);
  }

  destroy(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  async #within<T>(work: Promise<T>, deadline: Deadline, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const budgetMs = Math.round(remainingMs(deadline));
      const onLate = (why: string): void => {
        settle();
        this.destroy();
        reject(new SqlFailure(why, undefined));
      };
      const onAbort = (): void => onLate(`${what} was cancelled`);
      const cancelTimer = deadline.clock.after(budgetMs, () => onLate(`no answer to ${what} within ${budgetMs} ms`));
      const settle = (): void => {
        cancelTimer();
        deadline.signal.removeEventListener('abort', onAbort);
      };
      deadline.signal.addEventListener('abort', onAbort);
      work.then(resolve, (error: unknown) => {
        if (!isStatementError(error)) this.destroy();
        reject(failureFrom(error));
      });
      work.then(settle, settle);
    });
  }
}

/** Opens a connection for one piece of work and closes it whatever comes of it. */
export async function withConnection<T>(
  place: SqlPlace,
  purpose: string,
  deadline: Deadline,
  work: (connection: SqlConnection) => Promise<T>,
): Promise<T> {
  const connection = await SqlConnection.open(place, purpose, deadline);
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

export function literal(text: string): string {
  return text.includes('\\') ? ` E'${text.replaceAll(/['\\]/g, '$&$&')}'` : `'${text.replaceAll("'", "''")}'`;
}

function clientConfig(place: SqlPlace, purpose: string, socket: Socket): ClientConfig {
  const password = place.login.password?.reveal();
  const config: ClientConfig & { replication?: string | undefined } = {
    host: place.host,
    port: place.port,
    database: place.database,
    user: place.login.username,
    // Never undefined: the driver would look into the agent's own environment and home.
    password: () => password ?? '',
    application_name: `Kornak ${purpose}`,
    stream: () => socket,
    ssl: false,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    options: '-c search_path=pg_catalog',
    replication: place.replication,
  };
  return config;
}

function failureFrom(error: unknown): SqlFailure {
  return new SqlFailure(reasonOf(error), codeOf(error));
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The connection is still good: the server refused one statement. */
function isStatementError(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P)/.test(code);
}
