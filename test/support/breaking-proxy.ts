// A way to a local port that breaks for good once so many bytes have come back.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class BreakingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #left: number;

  /** Listens on a port of its own. */
  static async to(port: number, bytes: number): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(port, bytes);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(port: number, bytes: number) {
    this.#left = bytes;
    this.#server = createServer((client) => {
      if (this.isBroken) {
        client.destroy();
        return;
      }
      const server = connect(port, '127.0.0.1');
      for (const socket of [client, server]) this.#keep(socket);
      client.pipe(server);
      server.pipe(client);
      server.on('data', (chunk: Buffer) => {
        this.#left -= chunk.length;
        if (this.isBroken) this.#breakAll();
      });
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isBroken(): boolean {
    return this.#left <= 0;
  }

  close(): void {
    this.#breakAll();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
