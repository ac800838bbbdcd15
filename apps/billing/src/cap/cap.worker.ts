import type { Clock, Id, Random } from '#libs/domain';
import { Loop, type Health, type Logger } from '#libs/process';
import { cappedOrganizations, whileHeld, type Database, type Lease, type LeaseKeeper } from '#libs/store';
import { evaluateCap } from './cap.evaluation.js';

export const CAP_LEASE = 'billing-caps';
const LOOK_MS = 2_000;
/** After a look of d ms it rests this many times d. */
const REST = 2;

export interface CapParts {
  db: Database;
  leases: LeaseKeeper;
  takenIn: { look(): Promise<number> };
  health: Health;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** Looks at the caps of all organizations while this process holds their lease. */
export class CapWorker {
  private readonly loop: Loop;
  private restUntil = 0;

  constructor(private readonly parts: CapParts) {
    this.loop = new Loop('caps', LOOK_MS, (signal) => this.look(signal), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { leases, clock, db, takenIn, health } = this.parts;
    const lease = leases.holding(CAP_LEASE);
    const began = clock.now();
    // whoever holds it now says how it is
    if (!lease) return health.set('caps', true);
    if (began < this.restUntil) return;
    const organizations = await db.asSystem(cappedOrganizations);
    const takenInToMs = organizations.length === 0 ? 0 : await takenIn.look();
    const failures: unknown[] = [];
    for (const organizationId of organizations) {
      if (signal.aborted) return;
      // One organization's trouble keeps no other from being looked at.
      await this.evaluate(lease, organizationId, takenInToMs).catch((error: unknown) => failures.push(error));
    }
    this.restUntil = clock.now() + REST * (clock.now() - began);
    health.set('caps', failures.length === 0, failures.length === 0 ? '' : 'caps cannot be looked at');
    if (failures.length > 0) throw failures[0];
  }

  private async evaluate(lease: Lease, organizationId: Id<'org'>, takenInToMs: number): Promise<void> {
    const { db, clock, random } = this.parts;
    const wakes = await whileHeld(this.parts, lease, (tx) =>
      evaluateCap(tx, organizationId, { now: clock.now(), random, takenInToMs }),
    );
    if (wakes === true) await db.notify('outbox');
  }
}
