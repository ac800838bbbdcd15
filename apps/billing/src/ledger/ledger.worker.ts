import { shardOf } from '#libs/domain';
import { Loop, crashPoint, type Health, type Logger } from '#libs/process';
import {
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
import { closableBefore, type ClosingWatch } from './closing.watch.js';
import { EndedDays } from './ended.days.js';
import { settleOrganization, type Settled, type SettlementParts } from './settlement.js';

const LOOK_MS = 5_000;

interface Parts {
  db: Database;
  leases: LeaseKeeper;
  closing: ClosingWatch;
  signing: () => Promise<SettlementParts>;
  metrics: BillingMetrics;
  health: Health;
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
    const at = await this.parts.closing.look();
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
