import { Loop } from '#libs/process';
import { findDebtors, whileHeld } from '#libs/store';
import { lookAtDebtor } from './debtor.js';
import { INVOICE_LEASE, type InvoiceParts } from './invoice.worker.js';

const LOOK_MS = 5_000;

/** Tells of invoices that are past due and follows the policy, while this process holds the lease of invoices. */
export class DebtWorker {
  private readonly loop: Loop;

  constructor(
    private readonly parts: Omit<InvoiceParts, 'metrics' | 'closing'>,
    private readonly suspendAfterMs: number | undefined,
  ) {
    this.loop = new Loop('debts', LOOK_MS, (signal) => this.look(signal), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Looks at everybody who may have become a debtor, or is none any more. */
  async look(signal: AbortSignal): Promise<void> {
    const { db, clock, health } = this.parts;
    const debtors = await db.asSystem((tx) => findDebtors(tx, clock.now()));
    const failures: unknown[] = [];
    for (const id of debtors) {
      if (signal.aborted) return;
      // One organization's trouble keeps no other from its notice.
      await this.lookAt(id).catch((error: unknown) => failures.push(error));
    }
    const fine = failures.length === 0;
    health.set('debts', fine, fine ? '' : 'what is past due cannot be told');
    if (!fine) throw failures[0];
  }

  private async lookAt(id: Parameters<typeof lookAtDebtor>[1]): Promise<void> {
    const { db, leases, clock, random } = this.parts;
    const lease = leases.holding(INVOICE_LEASE);
    if (!lease) return;
    const { suspendAfterMs } = this;
    await whileHeld(this.parts, lease, (tx) =>
      lookAtDebtor(tx, id, { nowMs: clock.now(), suspendAfterMs, random }),
    );
    await db.notify('outbox');
  }
}
