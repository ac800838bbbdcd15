import type { ServiceJson } from './faces.js';
import type { Tenant } from './tenant.js';

/** One request as its caller saw it. Times in UTC ms. */
export interface Request {
  service: string;
  method: string;
  began: number;
  ended: number;
  /** Which cluster answered. */
  cluster: string | undefined;
  /** Set when it was not answered with 200. */
  failure?: string;
}

/** Says in which folder and at which address it runs, one of which tells the cluster; POST is served like GET. */
export const WHERE = `
const http = require('node:http');
const interfaces = Object.values(require('node:os').networkInterfaces()).flat();
const address = interfaces.find(({ internal }) => !internal)?.address;
http.createServer((request, response) => {
  request.resume();
  response.end(JSON.stringify({ at: process.cwd(), address }));
}).listen(process.env.PORT);
process.on('SIGTERM', () => process.exit(0));
`;

/** The deploy of WHERE. */
export const WHERE_SOURCE = { 'server.js': WHERE, Procfile: 'web: node server.js\n' };

/** What WHERE answers. */
export interface Where {
  at: string;
  address?: string;
}

/**
 * Whether a cluster's loss excuses this failure (times since it): it may not be done twice, and waited there when it came, or
 * came before that was noticed.
 */
export function wasInFlight({ began, ended, method }: Request, movedMs: number): boolean {
  return method === 'POST' && ended >= 0 && began <= movedMs;
}

export function isAskedAtBoth({ status }: ServiceJson): boolean {
  return (status.placements ?? []).filter((said) => said.includes('and is asked by gateways')).length === 2;
}

/** A local cluster by its agent's folder. */
const localCluster = ({ at }: Where): string | undefined => /\/(agent[^/]*)\//.exec(at)?.[1];

/** Callers that ask without end, at their own pace: a request that waits holds up no other. Each is kept. */
export class Lanes {
  readonly requests: Request[] = [];
  private readonly lanes: Promise<void>[] = [];
  private stopped = false;

  constructor(
    private readonly tenant: Tenant,
    private readonly clusterOf = localCluster,
  ) {}

  add(service: string, method: string, restMs = 100): void {
    this.lanes.push(this.lane(service, method, restMs));
  }

  get failed(): Request[] {
    return this.requests.filter(({ failure }) => failure !== undefined);
  }

  /** What failed, its times since a cluster was lost. */
  failedSince(lostAt: number): Request[] {
    return this.failed.map((one) => ({ ...one, began: one.began - lostAt, ended: one.ended - lostAt }));
  }

  /** Of requests to the service that began at this time or later, how many each cluster answered. */
  clustersSince(since: number, service: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { began, cluster, service: asked } of this.requests)
      if (began >= since && asked === service && cluster !== undefined)
        counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
    return counts;
  }

  /** Ends after the requests in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  private async lane(service: string, method: string, restMs: number): Promise<void> {
    const waiting: Promise<void>[] = [];
    while (!this.stopped) {
      waiting.push(
        ask(this.tenant, service, method, this.clusterOf).then((one) => void this.requests.push(one)),
      );
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    await Promise.all(waiting);
  }
}

/** One request; never rejects. */
export async function ask(
  tenant: Tenant,
  service: string,
  method = 'GET',
  clusterOf = localCluster,
): Promise<Request> {
  const began = Date.now();
  const seen = { service, method, began };
  try {
    const answer = await tenant.call(service, '/', { method });
    if (answer.status !== 200)
      return { ...seen, ended: Date.now(), cluster: undefined, failure: `${answer.status} ${answer.text}` };
    return { ...seen, ended: Date.now(), cluster: clusterOf(answer.json<Where>()) };
  } catch (error) {
    return { ...seen, ended: Date.now(), cluster: undefined, failure: String(error) };
  }
}
