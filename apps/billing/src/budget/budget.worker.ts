import type { Clock, Id, Random } from '#libs/domain';
import { Loop, type Health, type Logger } from '#libs/process';
import { budgetedOrganizations, whileHeld, type Database, type Lease, type LeaseKeeper } from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import { evaluateBudgets } from './budget.evaluation.js';

export const BUDGET_LEASE = 'billing-budgets';
const LOOK_MS = 2_000;
/** After a look of d ms it rests this many times d: a month of a busy organization is read whole each time. */
const REST = 2;

/** Evaluates the budgets of all organizations while this process holds their lease. */
export class BudgetWorker {
  private readonly loop: Loop;
  private restUntil = 0;

  constructor(
    private readonly db: Database,
    private readonly leases: LeaseKeeper,
    private readonly metrics: BillingMetrics,
    private readonly health: Health,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('budgets', LOOK_MS, (signal) => this.look(signal), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(signal: AbortSignal): Promise<void> {
    const lease = this.leases.holding(BUDGET_LEASE);
    const began = this.clock.now();
    // whoever holds it now says how it is
    if (!lease) return this.health.set('budgets', true);
    if (began < this.restUntil) return;
    const failures: unknown[] = [];
    for (const organizationId of await this.db.asSystem(budgetedOrganizations)) {
      if (signal.aborted) return;
      // One organization's trouble keeps no other from being told.
      await this.evaluate(lease, organizationId as Id<'org'>).catch((error: unknown) => failures.push(error));
    }
    this.restUntil = this.clock.now() + REST * (this.clock.now() - began);
    this.health.set(
      'budgets',
      failures.length === 0,
      failures.length === 0 ? '' : 'budgets cannot be evaluated',
    );
    if (failures.length > 0) throw failures[0];
  }

  private async evaluate(lease: Lease, organizationId: Id<'org'>): Promise<void> {
    const given = await whileHeld({ db: this.db, leases: this.leases }, lease, (tx) =>
      evaluateBudgets(tx, organizationId, this.clock.now(), this.random),
    );
    if (given === undefined || given === 0) return;
    this.metrics.gaveNotices(given);
    await this.db.notify('outbox');
  }
}
