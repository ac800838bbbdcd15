import type { Id } from '#libs/domain';
import { KeyedQueue, type Again, type Logger, type Sharing } from '#libs/process';

interface RemovalParts {
  /** Resolves when nothing of the service is left. */
  remove: (serviceId: Id<'svc'>) => Promise<void>;
  /** Told when a removal has ended, well or not. */
  onEnd: (serviceId: Id<'svc'>) => void;
  width: number;
  sharing: Sharing<Id<'svc'>>;
  logger: Logger;
}

/**
 * Removals under way. One waits for requests and instances to end, as long as these may take, so they have turns of their own:
 * what is deployed does not wait for them.
 */
export class Removals {
  private readonly underWay = new Set<Id<'svc'>>();
  /** How those ended that were not taken yet. */
  private readonly ended = new Map<Id<'svc'>, PromiseSettledResult<void>>();
  private readonly queue: KeyedQueue<Id<'svc'>>;

  constructor(private readonly parts: RemovalParts) {
    const { width, logger, sharing } = parts;
    this.queue = new KeyedQueue('removals', this.run, width, logger, sharing);
  }

  /** Whether one was begun that has not ended. */
  isUnderWay(serviceId: Id<'svc'>): boolean {
    return this.underWay.has(serviceId);
  }

  begin(serviceId: Id<'svc'>): void {
    this.underWay.add(serviceId);
    this.queue.add(serviceId);
  }

  /** Whether one ended since this was asked last: nothing of the service was left then. @throws what it failed with */
  take(serviceId: Id<'svc'>): boolean {
    const outcome = this.ended.get(serviceId);
    this.ended.delete(serviceId);
    if (outcome?.status === 'rejected') throw outcome.reason;
    return outcome !== undefined;
  }

  /** Ends after those in hand. */
  stop(): Promise<void> {
    return this.queue.stop();
  }

  private readonly run = async (serviceId: Id<'svc'>): Promise<Again> => {
    const [outcome] = await Promise.allSettled([this.parts.remove(serviceId)]);
    this.underWay.delete(serviceId);
    this.ended.set(serviceId, outcome);
    this.parts.onEnd(serviceId);
    return undefined;
  };
}
