import { Loop, type Logger } from '#libs/process';
import type { Bus } from './bus.js';
import { resyncSubject } from './names.js';

const ANSWER_MS = 5_000;
const LOOK_MS = 1_000;

/**
 * Asks the hub, until it has answered, to project everything for an agent or gateway again: at start (the disk may be lost
 * or old), and where an agent's connection came back (a target on its way to the old one would come again only after 30 s).
 */
export class Resync {
  private wanted = false;
  private readonly loop: Loop;

  constructor(
    private readonly asker: string,
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
    await this.bus().nc.request(resyncSubject(this.asker), new Uint8Array(), { timeout: ANSWER_MS });
    this.wanted = false;
    this.logger.info('the hub sends everything again');
  }
}
