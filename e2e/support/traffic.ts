import type { Tenant } from './tenant.js';
import { until } from './until.js';

/** Between two requests of one lane, ms. */
const REST_MS = 100;

export interface FailedRequest {
  /** UTC ms. */
  at: number;
  service: string;
  /** Port of the gateway. */
  gateway: number;
  what: string;
}

/** Requests without end, one lane a service and gateway; every answer is counted. */
export class Traffic {
  readonly sent = new Map<string, number>();
  readonly failed: FailedRequest[] = [];
  /** When each service answered well last, UTC ms. */
  readonly servedAt = new Map<string, number>();
  private readonly lanes: Promise<void>[];
  private stopped = false;

  /**
   * @param ways the tenant by way of each gateway
   * @param headersOf what requests to a service carry
   */
  constructor(
    ways: readonly Tenant[],
    services: readonly string[],
    private readonly headersOf: (service: string) => Record<string, string> = () => ({}),
  ) {
    this.lanes = ways.flatMap((way) => services.map((service) => this.lane(way, service)));
  }

  get total(): number {
    return [...this.sent.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A story sends a request of its own to the service. */
  count(service: string): void {
    this.sent.set(service, (this.sent.get(service) ?? 0) + 1);
  }

  /** Resolves when all services were asked for so long. */
  async goesOnFor(ms: number): Promise<void> {
    const [end, { total }] = [Date.now() + ms, this];
    await until(`${ms} ms of requests`, ms + 30_000, () =>
      Promise.resolve(Date.now() >= end && this.total > total),
    );
  }

  /** Ends after the requests in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  private async lane(way: Tenant, service: string): Promise<void> {
    while (!this.stopped) {
      await this.request(way, service);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }

  private async request(way: Tenant, service: string): Promise<void> {
    this.count(service);
    try {
      const answer = await way.call(service, '/', { headers: this.headersOf(service) });
      if (answer.status === 200) this.servedAt.set(service, Date.now());
      else this.fail(way, service, `${answer.status} ${answer.text.slice(0, 200)}`);
    } catch (error) {
      this.fail(way, service, String(error));
    }
  }

  private fail(way: Tenant, service: string, what: string): void {
    this.failed.push({ at: Date.now(), service, gateway: way.platform.gatewayPort, what });
  }
}
