import type { Logger } from './logger.js';

const MAX_BACK_OFF_MS = 30_000;

/**
 * A level-triggered loop: runs its work every `intervalMs` and at once after wake(). Runs never overlap; wakes while
 * it runs make one more run. A throwing run is logged and tried again with full-jitter back-off.
 */
export class Loop {
  private readonly abort = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private failures = 0;

  constructor(
    private readonly name: string,
    private readonly intervalMs: number,
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.wake();
  }

  wake(): void {
    if (this.abort.signal.aborted) return;
    if (this.running) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    // Through a microtask: work that throws at once must not end before `running` is set.
    this.running = Promise.resolve().then(() => this.run());
  }

  /** Stops after the current run has ended. */
  async stop(): Promise<void> {
    this.abort.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.work(this.abort.signal);
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      if (!this.abort.signal.aborted)
        this.logger.warn({ err: error, loop: this.name }, 'loop failed, will retry');
    }
    this.running = undefined;
    if (this.abort.signal.aborted) return;
    if (this.again && this.failures === 0) {
      this.again = false;
      this.wake();
      return;
    }
    this.again = false;
    this.timer = setTimeout(() => this.wake(), this.delay());
  }

  private delay(): number {
    if (this.failures === 0) return this.intervalMs;
    const limit = Math.min(MAX_BACK_OFF_MS, Math.max(this.intervalMs, 100) * 2 ** this.failures);
    return Math.random() * limit;
  }
}
