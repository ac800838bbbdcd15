import { FairLine } from '#libs/domain';
import type { Logger } from './logger.js';

const BACK_OFF_BASE_MS = 200;
const BACK_OFF_MAX_MS = 30_000;

/** How long to wait after so many failures in a row: longer each time, at most half a minute, with full jitter. */
export function backOffMs(failures: number): number {
  return Math.random() * Math.min(BACK_OFF_MAX_MS, BACK_OFF_BASE_MS * 2 ** failures);
}

/** What the work on a key asks for: nothing more, or to be looked at again after so many ms. */
export type Again = { againInMs: number } | undefined;

/** Who shares a queue, and how much of its width one of them may have. */
export interface Sharing<K> {
  /** The tenant a key belongs to; asked when the key begins to wait. */
  tenantOf: (key: K) => string;
  each: number;
}

/**
 * Work by key: one key is never worked on twice at a time, a key added while it is worked on runs once more, and one
 * that throws comes back after a growing delay with full jitter. Tenants take turns.
 */
export class KeyedQueue<K extends string> {
  private readonly line: FairLine<K>;
  /** Keys that wait, and whose they are. */
  private readonly waiting = new Map<K, string>();
  private readonly running = new Map<K, Promise<void>>();
  private readonly failures = new Map<K, number>();
  private readonly timers = new Map<K, NodeJS.Timeout>();
  private stopped = false;

  constructor(
    private readonly name: string,
    private readonly work: (key: K) => Promise<Again>,
    width: number,
    private readonly logger: Logger,
    private readonly sharing: Sharing<K> = { tenantOf: () => '', each: width },
  ) {
    this.line = new FairLine({ width, each: sharing.each });
  }

  add(key: K): void {
    if (this.stopped) return;
    this.disarm(key);
    if (!this.waiting.has(key)) {
      const tenant = this.sharing.tenantOf(key);
      this.waiting.set(key, tenant);
      this.line.join(tenant, key);
    }
    this.pump();
  }

  /** Looks at once at every key that asked to be looked at again, also at those in work now; failing ones keep waiting. */
  hurry(): void {
    const keys = [...this.timers.keys(), ...this.running.keys()];
    for (const key of keys) if (!this.failures.has(key)) this.add(key);
  }

  /** Whether nothing waits or runs now; keys to be looked at later do not count. */
  get idle(): boolean {
    return this.waiting.size === 0 && this.running.size === 0;
  }

  /** Ends after the work in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.clear();
    this.line.clear();
    for (const key of [...this.timers.keys()]) this.disarm(key);
    await Promise.all(this.running.values());
  }

  private pump(): void {
    const idle = (key: K): boolean => !this.running.has(key);
    for (let next = this.line.next(idle); next; next = this.line.next(idle)) {
      const { item: key, tenant } = next;
      this.waiting.delete(key);
      // Through a microtask: work that ends at once must not end before it is known to run.
      this.running.set(
        key,
        Promise.resolve().then(() => this.run(key, tenant)),
      );
    }
  }

  private async run(key: K, tenant: string): Promise<void> {
    let delay: number | undefined;
    try {
      delay = (await this.work(key))?.againInMs;
      this.failures.delete(key);
    } catch (error) {
      delay = this.backOff(key);
      this.logger.warn({ err: error, queue: this.name, item: key }, 'failed, will be tried again');
    }
    this.running.delete(key);
    this.line.done(tenant);
    if (delay !== undefined && !this.stopped && !this.waiting.has(key)) this.arm(key, delay);
    this.pump();
  }

  private arm(key: K, delay: number): void {
    this.timers.set(
      key,
      setTimeout(() => this.add(key), delay),
    );
  }

  private disarm(key: K): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }

  private backOff(key: K): number {
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    return backOffMs(failures);
  }
}
