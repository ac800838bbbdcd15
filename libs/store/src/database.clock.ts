import type { Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';

const SAMPLE_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
/** A question that was longer on its way says too little about now. */
const SLOW_MS = 1_000;

/**
 * The hub's one time, which is PostgreSQL's: asked for again and again, carried on in between by the machine's
 * monotonic clock. So leases, deadlines, tokens and billing agree between processes whose own clocks do not.
 */
export class DatabaseClock implements Clock {
  private sample: { databaseMs: number; monotonicMs: number } | undefined;
  private readonly loop: Loop;

  /** @param ask the server's time, UTC ms */
  constructor(
    private readonly ask: () => Promise<number>,
    logger: Logger,
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    this.loop = new Loop('time', SAMPLE_MS, () => this.look(), logger);
  }

  now(): number {
    if (!this.sample) throw new Error('the time of the database is not known yet');
    return Math.floor(this.sample.databaseMs + this.monotonic() - this.sample.monotonicMs);
  }

  /** Resolves when the time is known: waits for a database that is not there yet. */
  async start(): Promise<void> {
    while (!this.sample) {
      await this.look().catch(
        () => new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * (0.5 + Math.random() / 2))),
      );
    }
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Asks once; the answer is taken as of half-way. */
  async look(): Promise<void> {
    const asked = this.monotonic();
    const databaseMs = await this.ask();
    const answered = this.monotonic();
    if (this.sample && answered - asked > SLOW_MS) return;
    this.sample = { databaseMs, monotonicMs: (asked + answered) / 2 };
  }
}
