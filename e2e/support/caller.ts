import type { Tenant } from './tenant.js';

/** The longest life of a token, and when it is time for the next one. */
const LIFE_SECONDS = 3_600;
const RENEW_MS = 600_000;

/** Calls a private service: holds a token for it, and gets the next one long before its end. */
export class Caller {
  private renewAt = 0;
  private token = '';

  private constructor(
    private readonly tenant: Tenant,
    private readonly service: string,
  ) {}

  static async of(tenant: Tenant, service: string): Promise<Caller> {
    const caller = new Caller(tenant, service);
    await caller.renew();
    return caller;
  }

  get headers(): Record<string, string> {
    // an API that is away is asked at the next request
    if (Date.now() > this.renewAt) void this.renew().catch(() => (this.renewAt = 0));
    return { authorization: `Bearer ${this.token}` };
  }

  private async renew(): Promise<void> {
    this.renewAt = Date.now() + RENEW_MS;
    const path = this.tenant.at(this.service, '/token');
    this.token = (
      await this.tenant.api.ok<{ token: string }>('POST', path, { lifetimeSeconds: LIFE_SECONDS })
    ).token;
  }
}
