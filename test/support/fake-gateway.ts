// An HTTP server that says whatever a test wants in place of etcd's gateway.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Asked {
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

export type Respond = (asked: Asked, response: ServerResponse) => void;

export interface FakeGateway {
  readonly endpoint: string;
  readonly asked: readonly Asked[];
  /** Of the paths asked for since the start, GET /version not counted. */
  readonly paths: readonly string[];
  /** Ends all connections as they are. */
  cut(): void;
  close(): Promise<void>;
}

export const header = { cluster_id: '1', member_id: '2', revision: '10', raft_term: '3' };

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export async function fakeGateway(respond: Respond): Promise<FakeGateway> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const question = { path: request.url ?? '', body, headers: request.headers };
      asked.push(question);
      if (question.path === '/version') json(response, 200, { etcdserver: '3.5.0', etcdcluster: '3.5.0' });
      else respond(question, response);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    endpoint: `http://127.0.0.1:${port}`,
    asked,
    get paths() {
      return asked.map(({ path }) => path).filter((path) => path !== '/version');
    },
    cut,
    async close() {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      cut();
      await closed;
    },
  };
}
