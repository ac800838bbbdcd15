import type { Logger } from '#libs/process';

/** Above it everything is forgotten: a bound on memory, not a tuning. */
const MAX_KEPT = 200_000;

/** Whose services these are, by id; those that are not there are left out. */
export type FindOwners = (serviceIds: string[]) => Promise<Map<string, string>>;

/**
 * Says to which organization a service belongs before it waits for its turn: a wake carries only the service's id. Looked up
 * once for each service, many at a time; it never changes.
 */
export class Owners {
  private readonly known = new Map<string, string>();
  private asked = new Set<string>();

  /** `ready` is called for every service that was woken, once its owner is known or cannot be found out. */
  constructor(
    private readonly find: FindOwners,
    private readonly ready: (serviceId: string) => void,
    private readonly logger: Logger,
  ) {}

  wake(serviceId: string): void {
    if (this.known.has(serviceId)) {
      this.ready(serviceId);
      return;
    }
    this.asked.add(serviceId);
    if (this.asked.size === 1) setImmediate(() => void this.look());
  }

  /** The organization, or '' for a service that is not there: all of these share one place in the line. */
  of(serviceId: string): string {
    return this.known.get(serviceId) ?? '';
  }

  private async look(): Promise<void> {
    const asked = [...this.asked];
    this.asked = new Set();
    try {
      const found = await this.find(asked);
      if (this.known.size > MAX_KEPT) this.known.clear();
      for (const [serviceId, organizationId] of found) this.known.set(serviceId, organizationId);
    } catch (error) {
      // The work itself meets the same trouble, and is tried again.
      this.logger.warn({ err: error }, 'could not look up whose services these are');
    }
    for (const serviceId of asked) this.ready(serviceId);
  }
}
