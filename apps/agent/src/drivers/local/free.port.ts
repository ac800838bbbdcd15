import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Random } from '#libs/domain';

const LOWEST = 10_240;
const TRIES = 200;

/**
 * Picks loopback ports for instances, below the range the kernel gives to outgoing connections: a port inside it
 * could be taken by any client between our look and the instance's bind, or even by the probe that connects to it.
 */
export class FreePorts {
  private readonly held = new Set<number>();
  private readonly highest = Math.max(LOWEST + 1000, lowestOutgoing());

  constructor(private readonly random: Random) {}

  /** A port nobody listens on now; it is ours until `release`. */
  async take(): Promise<number> {
    for (let i = 0; i < TRIES; i++) {
      const [a = 0, b = 0, c = 0] = this.random(3);
      const port = LOWEST + ((a * 65_536 + b * 256 + c) % (this.highest - LOWEST));
      if (this.held.has(port)) continue;
      this.held.add(port);
      if (await isFree(port)) return port;
      this.held.delete(port);
    }
    throw new Error('no free port found for an instance');
  }

  release(port: number): void {
    this.held.delete(port);
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // All addresses, since most programs listen on all.
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function lowestOutgoing(): number {
  try {
    const low = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split(/\s+/)[0]);
    return Number.isInteger(low) ? low : 32_768;
  } catch {
    return 32_768;
  }
}
