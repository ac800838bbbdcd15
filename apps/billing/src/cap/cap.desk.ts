import { CAP_ASK, CAP_QUEUE, capSubject, type Bus, type CapAnswer, type CapRequest } from '#libs/bus';
import { TowpathError, type Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { Database } from '#libs/store';
import { allow } from './cap.allowance.js';

/** Answers gateways that ask what an organization with a cap may still spend; any replica answers. */
export class CapDesk {
  private close: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  start(): void {
    const unexpected = (error: unknown): void => this.logger.error({ err: error }, 'unexpected error');
    this.close = this.bus.answer(
      { subject: capSubject('*'), queue: CAP_QUEUE, asked: CAP_ASK, unexpected },
      (request, subject) => this.answer(request, subject),
    );
  }

  stop(): Promise<void> {
    return this.close();
  }

  /** The subject is what NATS lets only this gateway ask on. */
  private answer(request: CapRequest, subject: string): Promise<CapAnswer> {
    if (subject !== capSubject(request.gatewayId))
      return Promise.reject(new TowpathError('PERMISSION_DENIED', 'A gateway asks for itself only.'));
    return this.db.asSystem((tx) => allow(tx, request, this.clock.now()));
  }
}
