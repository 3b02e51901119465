// Who is primary and who streams from it, asked of the servers themselves: the demo does not take the agents' word.
import { PATIENCE_MS, openSession, type SqlServer, type SqlSession, within } from './write-connection.ts';

export interface Standing {
  /** Each server that would accept writes: more than one would be a split. */
  readonly primaries: readonly string[];
  /** By name of the member. */
  readonly streaming: readonly string[];
  /** Commits wait for one of them. */
  readonly isSynchronous: boolean;
}

interface ServerAnswer {
  readonly inRecovery: boolean;
  readonly streaming: readonly string[];
  readonly isSynchronous: boolean;
}

interface Row {
  readonly in_recovery: boolean;
  readonly streaming: string[];
  readonly synchronous: boolean;
}

const QUERY = `SELECT pg_is_in_recovery() AS in_recovery,
  ARRAY(SELECT application_name::text FROM pg_stat_replication WHERE state = 'streaming') AS streaming,
  EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS synchronous`;

/** Asks the same servers again and again over connections that it keeps. */
export class StandingWatch {
  readonly #servers: readonly SqlServer[];
  readonly #password: string;
  readonly #sessions = new Map<string, SqlSession>();

  constructor(servers: readonly SqlServer[], password: string) {
    this.#servers = servers;
    this.#password = password;
  }

  async look(): Promise<Standing> {
    const answers = await Promise.all(this.#servers.map((server) => this.#ask(server)));
    const leading = this.#servers.flatMap(({ name }, index) => {
      const answer = answers[index];
      return answer === undefined || answer.inRecovery ? [] : [{ name, ...answer }];
    });
    const only = leading.length === 1 ? leading[0] : undefined;
    return {
      primaries: leading.map(({ name }) => name),
      streaming: only?.streaming ?? [],
      isSynchronous: only?.isSynchronous ?? false,
    };
  }

  close(): void {
    for (const session of this.#sessions.values()) session.hangUp();
    this.#sessions.clear();
  }

  async #ask(server: SqlServer): Promise<ServerAnswer | undefined> {
    const session = this.#sessions.get(server.name) ?? (await openSession(server, this.#password));
    if (session === undefined) return undefined;
    this.#sessions.set(server.name, session);
    try {
      const asked = session.client.query<Row>(QUERY);
      const row = (await within(asked, PATIENCE_MS)).rows[0];
      if (row === undefined) return undefined;
      return { inRecovery: row.in_recovery, streaming: row.streaming, isSynchronous: row.synchronous };
    } catch {
      this.#sessions.delete(server.name);
      session.hangUp();
      return undefined;
    }
  }
}
