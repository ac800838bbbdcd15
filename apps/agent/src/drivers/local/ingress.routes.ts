import type { Protocol } from '#libs/domain';
import type { InstancePool } from './instance.pool.js';
import { STOPPING, UNKNOWN_HOST, type Refusal } from './refusal.js';

export interface IngressRoute {
  pool: InstancePool;
  protocol: Protocol;
}

/** Which revision answers a host, and how many requests are in flight. */
export class IngressRoutes {
  inFlight = 0;
  private stopping = false;
  private idle: (() => void) | undefined;
  private readonly routes = new Map<string, IngressRoute>();

  set(host: string, route: IngressRoute): void {
    this.routes.set(host, route);
  }

  /** Takes the host away, unless another revision has it by now. */
  delete(host: string, pool: InstancePool): void {
    if (this.routes.get(host)?.pool === pool) this.routes.delete(host);
  }

  /** The port of a Host field does not matter, nor does its case. */
  find(host: string | undefined): IngressRoute | Refusal {
    if (this.stopping) return STOPPING;
    if (host === undefined) return UNKNOWN_HOST;
    return this.routes.get(host) ?? this.routes.get(plainHost(host)) ?? UNKNOWN_HOST;
  }

  entered(): void {
    this.inFlight += 1;
  }

  left(): void {
    this.inFlight -= 1;
    if (this.inFlight === 0) this.idle?.();
  }

  /** Refuses new requests; resolves when none is in flight. */
  drain(): Promise<void> {
    this.stopping = true;
    return new Promise((resolve) => {
      this.idle = resolve;
      if (this.inFlight === 0) resolve();
    });
  }
}

export function isRefusal(found: IngressRoute | Refusal): found is Refusal {
  return 'reason' in found;
}

function plainHost(host: string): string {
  const colon = host.lastIndexOf(':');
  return (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
}
