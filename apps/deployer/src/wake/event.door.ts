import { LOOK_ASK, lookSubject, type Bus } from '#libs/bus';
import { TowpathError, isId } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { LeaseKeeper } from '#libs/store';
import { leaseOf } from './partitions.js';

export interface EventDoorParts {
  bus: Bus;
  leases: Pick<LeaseKeeper, 'holding' | 'ownerOf'>;
  /** This replica's name among those that hold leases. */
  owner: string;
  wakeService: (serviceId: string) => void;
  logger: Logger;
}

/** Where hub events come in: a service is looked at by the replica that holds its partition, whichever got the event. */
export class EventDoor {
  private close: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly parts: EventDoorParts) {}

  start(): void {
    const { bus, owner, logger } = this.parts;
    const unexpected = (error: unknown): void => logger.error({ err: error }, 'unexpected error');
    this.close = bus.answer(
      { subject: lookSubject(owner), queue: owner, asked: LOOK_ASK, unexpected },
      ({ serviceId }) => {
        if (!this.take(serviceId)) return Promise.reject(notHeld(serviceId));
        return Promise.resolve({});
      },
    );
  }

  stop(): Promise<void> {
    return this.close();
  }

  /** @throws when no replica that holds the partition has taken it: the event is given back and comes again */
  async wake(serviceId: string): Promise<void> {
    if (!isId('svc', serviceId) || this.take(serviceId)) return;
    const owner = this.parts.leases.ownerOf(leaseOf(serviceId));
    if (owner === undefined || owner === this.parts.owner) throw notHeld(serviceId);
    await this.parts.bus.ask(lookSubject(owner), LOOK_ASK, { schemaVersion: 1, serviceId });
  }

  private take(serviceId: string): boolean {
    if (!this.parts.leases.holding(leaseOf(serviceId))) return false;
    this.parts.wakeService(serviceId);
    return true;
  }
}

const notHeld = (serviceId: string): TowpathError =>
  new TowpathError('UNAVAILABLE', `${leaseOf(serviceId)} is not held by who was asked.`);
