import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { TowpathError } from '#libs/domain';

/** How many streams one organization may hold open at each api process. */
const MOST_OF_ONE = 200;

/** Every open stream, so that the process can end (an open one would hold the server for ever) and nobody takes them all. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly open = new Map<AbortController, string>();
  private readonly counts = new Map<string, number>();

  /**
   * Registers a stream of an organization; it ends when `closed` is called or the process stops.
   * @throws TowpathError RATE_LIMITED when the organization has too many
   */
  start(organizationId: string): { signal: AbortSignal; closed: () => void } {
    const count = this.counts.get(organizationId) ?? 0;
    if (count >= MOST_OF_ONE) {
      throw new TowpathError('RATE_LIMITED', `Your organization follows ${MOST_OF_ONE} streams already.`, {
        nextStep: 'Close some, then try again.',
        retryAfterSeconds: 5,
      });
    }
    this.counts.set(organizationId, count + 1);
    const controller = new AbortController();
    this.open.set(controller, organizationId);
    return { signal: controller.signal, closed: () => this.end(controller) };
  }

  beforeApplicationShutdown(): void {
    for (const controller of this.open.keys()) controller.abort();
  }

  private end(controller: AbortController): void {
    controller.abort();
    const organizationId = this.open.get(controller);
    if (organizationId === undefined) return;
    this.open.delete(controller);
    const left = (this.counts.get(organizationId) ?? 1) - 1;
    if (left > 0) this.counts.set(organizationId, left);
    else this.counts.delete(organizationId);
  }
}
