// Whether a PostgreSQL lives: asked whether it would speak TLS, which a server that forks no more does not answer. It is not
// logged in to. Such a question leaves no line in the log of a server without TLS, and one in that of a server with it.
import { connect } from 'node:net';
import type { PostgresSign } from '../core/model/leader-signs.ts';
import type { Upstream } from '../core/model/local-postgres.ts';

/** Length 8 and the number of an SSLRequest. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

export function probePostgres({ host, port }: Upstream, budgetMs: number): Promise<PostgresSign> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const tell = (sign: PostgresSign): void => {
      clearTimeout(timer);
      resolve(sign);
      socket.destroy();
    };
    const timer = setTimeout(() => tell('silent'), budgetMs);
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', () => tell('answers'));
    socket.once('end', () => tell('refused'));
    socket.on('error', (error: NodeJS.ErrnoException) => tell(REFUSALS.has(error.code ?? '') ? 'refused' : 'silent'));
  });
}
