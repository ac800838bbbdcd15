import type { Delivery } from '#libs/domain';
import type { Metrics } from '#libs/process';
import type { DirtyShard, QuarantineCount, ReleaseOutcome } from '#libs/store';
import type { IntakeResult } from './intake/intake.worker.js';
import type { Settled } from './ledger/settlement.js';

/** What billing counts; names are listed in contracts/metrics.md. */
export class BillingMetrics {
  private readonly records;
  private readonly intervals;
  private readonly folded;
  private readonly foldSeconds;
  private readonly dirty;
  private readonly pending;
  private readonly pendingInstances;
  private readonly seals;
  private readonly notices;
  private readonly webhooks;
  private readonly invoices;
  private readonly released;
  private readonly quarantined;
  private readonly clocks;

  constructor(metrics: Metrics) {
    this.records = metrics.counter('towpath_billing_records_total', 'Usage records by what became of them', [
      'result',
    ]);
    this.intervals = metrics.counter(
      'towpath_billing_intervals_total',
      'Intervals of instances by what became of them',
      ['result'],
    );
    this.folded = metrics.counter('towpath_billing_windows_folded_total', 'Windows folded, repeats included');
    this.foldSeconds = metrics.histogram('towpath_billing_fold_seconds', 'One transaction of folding');
    this.dirty = metrics.gauge('towpath_billing_dirty_windows', 'Windows that wait to be folded');
    this.pending = metrics.gauge(
      'towpath_billing_pending_messages',
      'Usage messages not yet delivered to billing',
    );
    this.pendingInstances = metrics.gauge(
      'towpath_billing_pending_instance_messages',
      'Messages of instances not yet delivered to billing',
    );
    this.released = metrics.counter(
      'towpath_billing_released_total',
      'Records released from quarantine by what came of them',
      ['outcome'],
    );
    this.quarantined = metrics.gauge(
      'towpath_billing_quarantine_records',
      'Records that were refused, by reason and what became of them',
      ['reason', 'state'],
    );
    this.webhooks = metrics.counter(
      'towpath_billing_webhook_attempts_total',
      'Messages sent to webhooks by what their delivery is then',
      ['status'],
    );
    this.notices = metrics.counter('towpath_billing_notices_total', 'Notices given of thresholds of budgets');
    this.invoices = metrics.counter('towpath_billing_invoices_total', 'Invoices made');
    this.clocks = metrics.gauge(
      'towpath_billing_gateway_clock_ahead_seconds',
      "By how much a gateway's clock is ahead of the hub's",
      ['gateway'],
    );
    this.seals = metrics.counter('towpath_billing_seals_total', 'Seals added to the ledger', ['kind']);
  }

  settled({ closed, corrected, sealed }: Settled): void {
    this.seals.inc({ kind: 'window' }, closed);
    this.seals.inc({ kind: 'correction' }, corrected);
    this.seals.inc({ kind: 'entries' }, sealed > 0 ? 1 : 0);
  }

  readonly tookIn = (result: IntakeResult): void => count(this.records, result);

  readonly tookInInstances = (result: IntakeResult): void => count(this.intervals, result);

  lookedAgain(outcomes: Iterable<ReleaseOutcome>): void {
    for (const outcome of outcomes) this.released.inc({ outcome });
  }

  /** All there are. */
  quarantine(counts: readonly QuarantineCount[]): void {
    this.quarantined.reset();
    for (const { reason, state, count } of counts) this.quarantined.set({ reason, state }, count);
  }

  foldedWindows(count: number, tookMs: number): void {
    this.folded.inc(count);
    this.foldSeconds.observe(tookMs / 1_000);
  }

  waiting(shards: readonly DirtyShard[]): void {
    this.dirty.set(shards.reduce((sum, { windows }) => sum + windows, 0));
  }

  triedWebhook(status: Delivery['status']): void {
    this.webhooks.inc({ status });
  }

  madeInvoices(count: number): void {
    this.invoices.inc(count);
  }

  gaveNotices(count: number): void {
    this.notices.inc(count);
  }

  /** Of all gateways that are there. */
  gatewayClocks(clocks: readonly { gateway: string; offsetMs: number }[]): void {
    this.clocks.reset();
    for (const { gateway, offsetMs } of clocks) this.clocks.set({ gateway }, offsetMs / 1_000);
  }

  pendingMessages(count: number): void {
    this.pending.set(count);
  }

  pendingIntervals(count: number): void {
    this.pendingInstances.set(count);
  }
}

function count(
  counter: ReturnType<Metrics['counter']>,
  { stored, repeated, quarantined }: IntakeResult,
): void {
  counter.inc({ result: 'stored' }, stored);
  counter.inc({ result: 'repeated' }, repeated);
  for (const { reason } of quarantined) counter.inc({ result: reason });
}
