import type { Logger } from '#libs/process';

const BACK_OFF_BASE_MS = 200;
const BACK_OFF_MAX_MS = 60_000;

/** What the work on a key asks for: nothing more, or to be looked at again after so many ms. */
export type Again = { againInMs: number } | undefined;

/**
 * Work by key: one key is never worked on twice at a time, a key added while it is worked on runs once more, and one
 * that throws comes back with a growing, jittered delay.
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
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    this.waiting.add(key);
    this.pump();
  }

  /** Ends after the work in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.clear();
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.all(this.running.values());
  }

  private pump(): void {
    for (const key of this.waiting) {
      if (this.running.size >= this.width) return;
      if (this.running.has(key)) continue;
      this.waiting.delete(key);
      this.running.set(key, this.run(key));
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
    if (delay !== undefined && !this.stopped && !this.waiting.has(key)) {
      this.timers.set(
        key,
        setTimeout(() => this.add(key), delay),
      );
    }
    this.pump();
  }

  private backOff(key: K): number {
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    const limit = Math.min(BACK_OFF_MAX_MS, BACK_OFF_BASE_MS * 2 ** failures);
    return limit / 2 + (Math.random() * limit) / 2;
  }
}
