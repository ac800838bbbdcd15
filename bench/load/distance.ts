import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '#libs/testing';

/** A way to a port of this machine that takes time: half a round trip for what is sent, a whole one before a new connection may send. */
export class Distance {
  private readonly sockets = new Set<net.Socket>();

  private constructor(private readonly server: net.Server) {}

  /** @param roundTripMs from one end to the other and back */
  static async to(port: number, roundTripMs: number): Promise<Distance> {
    const server = net.createServer({ allowHalfOpen: false, noDelay: true });
    const distance = new Distance(server);
    server.on('connection', (near) => distance.open(near, port, roundTripMs));
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    return distance;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves when no connection is left: what comes next has to open one. */
  async cut(): Promise<void> {
    for (const socket of this.sockets) socket.end();
    await until(() => this.sockets.size === 0, { what: 'both ends to hang up', deadlineMs: 10_000 });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private open(near: net.Socket, port: number, roundTripMs: number): void {
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const opened = pause(roundTripMs);
    this.carry(near, far, opened, roundTripMs / 2);
    this.carry(far, near, opened, roundTripMs / 2);
  }

  private carry(from: net.Socket, to: net.Socket, opened: Promise<unknown>, delayMs: number): void {
    this.sockets.add(from);
    from.on('data', (data) => {
      void opened.then(() => pause(delayMs)).then(() => to.writable && to.write(data));
    });
    from.on('error', () => undefined);
    from.once('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
