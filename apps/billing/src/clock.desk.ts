import { CLOCK_ASK, CLOCK_QUEUE, clockSubject, type Bus } from '#libs/bus';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';

/** Tells agents the hub's time: when instances were ready is only good for bills by a clock that was compared with it. */
export class ClockDesk {
  private close: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  start(): void {
    const unexpected = (error: unknown): void => this.logger.error({ err: error }, 'unexpected error');
    const on = { subject: clockSubject('*'), queue: CLOCK_QUEUE, asked: CLOCK_ASK, unexpected };
    this.close = this.bus.answer(on, () => {
      const now = this.clock.now();
      return Promise.resolve({ receivedAt: now, answeredAt: now });
    });
  }

  stop(): Promise<void> {
    return this.close();
  }
}
