import type { Logger } from './logger.js';

const BACK_OFF_BASE_MS = 200;
const BACK_OFF_MAX_MS = 30_000;

/** What the work on a key asks for: nothing more, or to be looked at again after so many ms. */
export type Again = { againInMs: number } | undefined;

/**
 * Work by key: one key is never worked on twice at a time, a key added while it is worked on runs once more, and one
 * that throws comes back after a growing delay with full jitter.
 */
export class KeyedQueue<K extends string> {
  private readonly waiting = new Set<K>();
  private readonly running = new Map<K, Promise<void>>();
  private readonly failures = new Map<K, number>();
  private readonly timers = new Map<K, NodeJS.Timeout>();
  private stopped = false;

  constructor(
    private readonly name: string,
    private readonly work: (key: K) => Promise<Again>,
    private readonly width: number,
    private readonly logger: Logger,
  ) {}

  add(key: K): void {
    if (this.stopped) return;
    this.disarm(key);
    this.waiting.add(key);
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
    for (const key of [...this.timers.keys()]) this.disarm(key);
    await Promise.all(this.running.values());
  }

  private pump(): void {
    for (const key of this.waiting) {
      if (this.running.size >= this.width) return;
      if (this.running.has(key)) continue;
      this.waiting.delete(key);
      // Through a microtask: work that ends at once must not end before it is known to run.
      this.running.set(
        key,
        Promise.resolve().then(() => this.run(key)),
      );
    }
  }

  private async run(key: K): Promise<void> {
    let delay: number | undefined;
    try {
      delay = (await this.work(key))?.againInMs;
      this.failures.delete(key);
    } catch (error) {
      delay = this.backOff(key);
      this.logger.warn({ err: error, queue: this.name, item: key }, 'failed, will be tried again');
    }
    this.running.delete(key);
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
    return Math.random() * Math.min(BACK_OFF_MAX_MS, BACK_OFF_BASE_MS * 2 ** failures);
  }
}
