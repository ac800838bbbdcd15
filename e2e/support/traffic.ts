import type { Tenant } from './tenant.js';

/** Between two requests of one lane, ms. */
const REST_MS = 100;

export interface FailedRequest {
  /** UTC ms. */
  at: number;
  service: string;
  what: string;
}

/** Requests without end, one lane a service; every answer is counted. */
export class Traffic {
  readonly sent = new Map<string, number>();
  readonly failed: FailedRequest[] = [];
  /** When each service answered well last, UTC ms. */
  readonly servedAt = new Map<string, number>();
  private readonly lanes: Promise<void>[];
  private stopped = false;

  constructor(
    private readonly tenant: Tenant,
    services: readonly string[],
  ) {
    this.lanes = services.map((service) => this.lane(service));
  }

  get total(): number {
    return [...this.sent.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Ends after the requests in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  private async lane(service: string): Promise<void> {
    while (!this.stopped) {
      await this.request(service);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }

  private async request(service: string): Promise<void> {
    this.sent.set(service, (this.sent.get(service) ?? 0) + 1);
    try {
      const answer = await this.tenant.call(service);
      if (answer.status === 200) this.servedAt.set(service, Date.now());
      else this.fail(service, `${answer.status} ${answer.text.slice(0, 200)}`);
    } catch (error) {
      this.fail(service, String(error));
    }
  }

  private fail(service: string, what: string): void {
    this.failed.push({ at: Date.now(), service, what });
  }
}
