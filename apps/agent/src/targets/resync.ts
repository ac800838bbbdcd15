import type { Id } from '#libs/domain';
import { resyncSubject, type Bus } from '#libs/bus';
import { Loop, type Logger } from '#libs/process';

const ANSWER_MS = 5_000;
const LOOK_MS = 1_000;

/**
 * Asks the hub to send every target again, until it has answered: at start (the disk may be lost or old), and after
 * every reconnection (a target on its way to the old connection would come again only after 30 s).
 */
export class Resync {
  private wanted = false;
  private readonly loop: Loop;

  constructor(
    private readonly clusterId: Id<'cls'>,
    private readonly bus: () => Bus,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('resync', LOOK_MS, () => this.ask(), logger);
  }

  start(): void {
    this.wanted = true;
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async ask(): Promise<void> {
    if (!this.wanted) return;
    await this.bus().nc.request(resyncSubject(this.clusterId), new Uint8Array(), { timeout: ANSWER_MS });
    this.wanted = false;
    this.logger.info('the hub sends every target again');
  }
}
