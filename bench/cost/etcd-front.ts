// Stands before etcd and counts who asks what. Members learn addresses from etcd itself, so etcd must call this its own address.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class EtcdFront {
  readonly url: string;
  /** Requests by process and path. */
  readonly counts = new Map<number, Map<string, number>>();
  readonly #server: Server;
  readonly #owners = new WeakMap<Socket, Promise<number | undefined>>();
  #target: URL | undefined;
  #pids: () => readonly number[] = () => [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async listen(): Promise<EtcdFront> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const front = new EtcdFront(server, typeof address === 'object' && address !== null ? address.port : 0);
    server.on('connection', (socket: Socket) => front.#owners.set(socket, front.#ownerOf(socket)));
    server.on('request', (asked: IncomingMessage, answer: ServerResponse) => front.#pass(asked, answer));
    return front;
  }

  /** `pids`: whose requests are told apart, as they are when a connection is opened. */
  serve(target: string, pids: () => readonly number[]): void {
    this.#target = new URL(target);
    this.#pids = pids;
  }

  reset(): void {
    this.counts.clear();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    void this.#count(asked);
    const target = this.#target;
    if (target === undefined) {
      answer.writeHead(503).end();
      return;
    }
    const { method, url, headers } = asked;
    const onward = request(
      { host: target.hostname, port: target.port, method, path: url, headers: { ...headers, host: target.host } },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        answer.flushHeaders();
        reply.pipe(answer);
      },
    );
    onward.once('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    asked.pipe(onward);
  }

  async #count({ socket, url = '' }: IncomingMessage): Promise<void> {
    // A connection that was not in the table yet when it was opened is there by its next request.
    const known = await this.#owners.get(socket);
    if (known === undefined) this.#owners.set(socket, this.#ownerOf(socket));
    const owner = known ?? (await this.#owners.get(socket)) ?? 0;
    const paths = this.counts.get(owner) ?? new Map<string, number>();
    this.counts.set(owner, paths);
    paths.set(url, (paths.get(url) ?? 0) + 1);
  }

  async #ownerOf({ remotePort = 0 }: Socket): Promise<number | undefined> {
    const port = remotePort.toString(16).toUpperCase().padStart(4, '0');
    const table = await readFile('/proc/net/tcp', 'utf8');
    const row = table.split('\n').find((line) => line.trim().split(/\s+/)[1] === `0100007F:${port}`);
    const inode = row?.trim().split(/\s+/)[9];
    if (inode === undefined) return undefined;
    for (const pid of this.#pids()) if (await holds(pid, `socket:[${inode}]`)) return pid;
    return undefined;
  }
}

async function holds(pid: number, link: string): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return links.includes(link);
}
