import type { Id } from '#libs/domain';
import { KeyedQueue, backOffMs, type Again, type Logger, type Sharing } from '#libs/process';

interface RemovalParts {
  /** Resolves when nothing of the service is left, or fails soon after `signal`. */
  remove: (serviceId: Id<'svc'>, signal: AbortSignal) => Promise<void>;
  /** Told when a removal has ended, well or not. */
  onEnd: (serviceId: Id<'svc'>) => void;
  width: number;
  sharing: Sharing<Id<'svc'>>;
  /** Monotonic, ms. */
  now: () => number;
  logger: Logger;
}

/**
 * Removals under way. One waits for requests and instances to end, as long as these may take, so they have turns of their own:
 * what is deployed does not wait for them.
 */
export class Removals {
  private readonly underWay = new Set<Id<'svc'>>();
  /** Those that ended well and were not taken yet. */
  private readonly ended = new Set<Id<'svc'>>();
  /** Those that failed last: how often in a row, and until when they are left alone. */
  private readonly failed = new Map<Id<'svc'>, { times: number; untilMs: number }>();
  private readonly queue: KeyedQueue<Id<'svc'>>;
  private readonly abort = new AbortController();

  constructor(private readonly parts: RemovalParts) {
    const { width, logger, sharing } = parts;
    this.queue = new KeyedQueue('removals', this.run, width, logger, sharing);
  }

  /** Whether one was begun that has not ended. */
  isUnderWay(serviceId: Id<'svc'>): boolean {
    return this.underWay.has(serviceId);
  }

  /** Begins one; after one that failed not before a while, which is longer each time. */
  begin(serviceId: Id<'svc'>): Again {
    const againInMs = (this.failed.get(serviceId)?.untilMs ?? 0) - this.parts.now();
    if (againInMs > 0) return { againInMs };
    this.underWay.add(serviceId);
    this.queue.add(serviceId);
    return undefined;
  }

  /** Whether one ended well since this was asked last: nothing of the service was left then. */
  take(serviceId: Id<'svc'>): boolean {
    return this.ended.delete(serviceId);
  }

  /** Those in hand are given up: whoever starts next finds what is left, and goes on. */
  stop(): Promise<void> {
    this.abort.abort();
    return this.queue.stop();
  }

  private readonly run = async (serviceId: Id<'svc'>): Promise<Again> => {
    try {
      await this.parts.remove(serviceId, this.abort.signal);
      this.failed.delete(serviceId);
      this.ended.add(serviceId);
    } catch (error) {
      if (this.abort.signal.aborted) return undefined;
      this.note(serviceId);
      this.parts.logger.warn({ err: error, serviceId }, 'a removal failed, will be tried again');
    }
    this.underWay.delete(serviceId);
    this.parts.onEnd(serviceId);
    return undefined;
  };

  private note(serviceId: Id<'svc'>): void {
    const times = (this.failed.get(serviceId)?.times ?? 0) + 1;
    this.failed.set(serviceId, { times, untilMs: this.parts.now() + backOffMs(times) });
  }
}
