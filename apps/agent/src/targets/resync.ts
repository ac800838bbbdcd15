import type { Id } from '#libs/domain';
import { resyncSubject, type Bus } from '#libs/bus';
import { Loop, type Logger } from '#libs/process';

const ANSWER_MS = 5_000;
const LOOK_MS = 1_000;

/** Asks the hub once to send every target again, until it has answered: at start, and when the disk was lost. */
export class Resync {
  private answered = false;
  private readonly loop: Loop;

  constructor(
    private readonly clusterId: Id<'cls'>,
    private readonly bus: () => Bus,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('resync', LOOK_MS, () => this.ask(), logger);
  }

  /** Asks if it has not been answered in this run. */
  start(): void {
    if (!this.answered) this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async ask(): Promise<void> {
    if (this.answered) return;
    await this.bus().nc.request(resyncSubject(this.clusterId), new Uint8Array(), { timeout: ANSWER_MS });
    this.answered = true;
    this.logger.info('the hub sends every target again');
  }
}
