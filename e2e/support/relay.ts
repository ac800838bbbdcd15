import net from 'node:net';
import type { AddressInfo } from 'node:net';

/** Opens a port of this machine, which listens on loopback, at another address of it: what a hub's public address is elsewhere. */
export class Relay {
  private readonly sockets = new Set<net.Socket>();

  private constructor(private readonly server: net.Server) {}

  /** @param listenPort a free one when it is absent */
  static async at(host: string, port: number, listenPort = 0): Promise<Relay> {
    const server = net.createServer();
    const relay = new Relay(server);
    server.on('connection', (client) => relay.pass(client, port));
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(listenPort, host, resolve),
    );
    return relay;
  }

  /** `host:port`. */
  get address(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(client: net.Socket, port: number): void {
    const server = net.connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined);
      from.once('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
