// A way to a local port that a test can cut: so that nothing comes through and nobody is told, or so that everything is refused.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class CutProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;
  #port = 0;

  /** Listens on a port of its own. */
  static async to(port: number): Promise<CutProxy> {
    const proxy = new CutProxy(port);
    await proxy.#listen(0);
    return proxy;
  }

  private constructor(target: number) {
    this.#server = createServer((client) => {
      this.#keep(client);
      if (this.#isSilent) {
        client.pause();
        return;
      }
      const server = connect(target, '127.0.0.1');
      this.#keep(server);
      client.pipe(server);
      server.pipe(client);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }

  get port(): number {
    return this.#port;
  }

  /** What is on its way stays there, and so does whatever comes. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Every connection is reset, and none is taken. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Connections that were cut do not come back; new ones are taken. */
  async heal(): Promise<void> {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) await this.#listen(this.#port);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const bound: AddressInfo | string | null = this.#server.address();
    if (typeof bound === 'object' && bound !== null) this.#port = bound.port;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
