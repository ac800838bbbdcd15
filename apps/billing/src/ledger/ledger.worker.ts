import {
  LEDGER_WINDOW_MS,
  closingOf,
  ledgerWindowOf,
  shardOf,
  type Clock,
  type ClosingTime,
} from '#libs/domain';
import { Loop, crashPoint, type Health, type Logger } from '#libs/process';
import {
  findProducers,
  findUnsettled,
  organizationsDue,
  organizationsToSeal,
  whileHeld,
  type Database,
  type Lease,
  type LeaseKeeper,
  type LeasedTx,
} from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import { foldLease } from '../fold/fold.worker.js';
import { EndedDays } from './ended.days.js';
import { settleOrganization, type Settled, type SettlementParts } from './settlement.js';

const LOOK_MS = 5_000;

/** How long windows wait: for late records, and for gateways that say nothing. */
export interface ClosingTimes {
  graceMs: number;
  patienceMs: number;
}

interface Parts {
  db: Database;
  leases: LeaseKeeper;
  takenIn: { look(): Promise<number> };
  signing: () => Promise<SettlementParts>;
  times: ClosingTimes;
  metrics: BillingMetrics;
  health: Health;
  clock: Clock;
  logger: Logger;
}

/** Settles the organizations of every shard whose lease this process holds. */
export class LedgerWorker {
  private readonly loop: Loop;
  private readonly days = new EndedDays();

  constructor(private readonly parts: Parts) {
    this.loop = new Loop('ledger', LOOK_MS, (signal) => this.look(signal), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Looks at once. */
  wake(): void {
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { db, health } = this.parts;
    const at = await this.closingTime();
    const beforeMs = closableBefore(at);
    const due = await db.asSystem(async (tx) => [
      ...(await findUnsettled(tx, beforeMs)),
      ...(await organizationsToSeal(tx)),
      ...(await organizationsDue(tx)),
      ...(await this.days.due(tx, at.nowMs)),
    ]);
    if (due.length === 0) return health.set('ledger', true);
    const parts = await this.parts.signing();
    const failures: unknown[] = [];
    for (const id of new Set(due)) {
      if (signal.aborted) return;
      const lease = this.parts.leases.holding(foldLease(shardOf(id)));
      // One organization's trouble keeps no other from being settled.
      if (!lease) continue;
      const work = (tx: LeasedTx) => settleOrganization(tx, id, beforeMs, at, parts);
      await this.settle(lease, work).catch((error: unknown) => failures.push(error));
    }
    health.set('ledger', failures.length === 0, failures.length === 0 ? '' : 'windows cannot be closed');
    if (failures.length > 0) throw failures[0];
  }

  private async closingTime(): Promise<ClosingTime> {
    const { db, takenIn, times, clock } = this.parts;
    const takenInToMs = await takenIn.look();
    const producers = await db.asSystem(findProducers);
    return { ...times, nowMs: clock.now(), takenInToMs, producers };
  }

  private async settle(lease: Lease, work: (tx: LeasedTx) => Promise<Settled>): Promise<void> {
    const { db, metrics } = this.parts;
    const settled = await whileHeld(this.parts, lease, async (tx) => {
      const done = await work(tx);
      if (done.closed > 0) crashPoint('billing.settled');
      return done;
    });
    if (!settled) return;
    if (settled.closed > 0) crashPoint('billing.closed');
    metrics.settled(settled);
    // what was told of payments
    if (settled.posted > 0) await db.notify('outbox');
  }
}

/** Every window that begins before then may close; what may not is waited for in the order of time. */
export function closableBefore(at: ClosingTime): number {
  let endMs = ledgerWindowOf(at.nowMs - at.graceMs);
  // Beyond the patience nothing is waited for, and what was silent longer is not: this ends.
  const never = endMs - at.patienceMs - 2 * LEDGER_WINDOW_MS;
  while (endMs > never && !closingOf(endMs - LEDGER_WINDOW_MS, at).closes) endMs -= LEDGER_WINDOW_MS;
  return endMs > never ? endMs : 0;
}
