import net from 'node:net';
import type { AddressInfo } from 'node:net';

/** The server's word that something is kept, which the client is not to hear. */
export type Reply = 'COMMIT' | 'PubAck';

/** PostgreSQL's CommandComplete: `C`, its length, its tag. */
const COMMITTED = Buffer.from([0x43, 0, 0, 0, 11, ...Buffer.from('COMMIT'), 0]);

const HOLDS: Record<Reply, (data: Buffer) => boolean> = {
  COMMIT: (data) => data.includes(COMMITTED),
  // JetStream's answer to a publication.
  PubAck: (data) => /\{"stream":"[A-Za-z0-9_]+",\s*"seq":\d+/.test(data.toString('latin1')),
};

/**
 * A proxy before a server of this machine that lets everything pass, and now and then cuts the connection in the
 * moment in which such an answer comes back: what was asked for is done, and nobody knows.
 */
export class ReplyCutter {
  /** How often it cut. */
  cuts = 0;
  private readonly sockets = new Set<net.Socket>();

  private constructor(
    private readonly server: net.Server,
    private readonly reply: Reply,
    private readonly isTime: () => boolean,
  ) {}

  /** @param isTime asked at every such answer; true cuts */
  static async before(port: number, reply: Reply, isTime: () => boolean): Promise<ReplyCutter> {
    const server = net.createServer();
    const cutter = new ReplyCutter(server, reply, isTime);
    server.on('connection', (client) => cutter.pass(client, port));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return cutter;
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
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.sockets.delete(socket);
        end();
      });
    }
    client.pipe(server);
    server.on('data', (data: Buffer) => {
      if (HOLDS[this.reply](data) && this.isTime()) {
        this.cuts += 1;
        return end();
      }
      client.write(data);
    });
  }
}
