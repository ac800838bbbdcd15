import { randomUUID } from 'node:crypto';
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import { STREAMS, ensureHubTopology, type Bus } from '#libs/bus';
import type { ProcessParts } from '#libs/process';
import { LeaseKeeper, type Database, type Lease, type ReleaseOutcome } from '#libs/store';
import { BillingMetrics } from './billing.metrics.js';
import { BUDGET_LEASE, BudgetWorker } from './budget/budget.worker.js';
import { CapDesk } from './cap/cap.desk.js';
import { CAP_LEASE, CapWorker } from './cap/cap.worker.js';
import { ClockDesk } from './clock.desk.js';
import { ClockWatch } from './clock.watch.js';
import { FOLD_LEASES, FoldWorker } from './fold/fold.worker.js';
import { DebtWorker } from './invoice/debt.worker.js';
import { INVOICE_LEASE, InvoiceWorker, type InvoiceTerms } from './invoice/invoice.worker.js';
import { waitingBuilds } from './intake/build.intake.js';
import { InstanceIntake } from './intake/instance.intake.js';
import { INTAKE_LEASE, IntakeWorker, USAGE_AT_ONCE } from './intake/intake.worker.js';
import { waitingReleases } from './intake/released.intake.js';
import { UsageIntake } from './intake/usage.intake.js';
import {
  readInstanceMessage,
  readUsageMessage,
  type InstanceMessage,
  type UsageMessage,
} from './intake/usage.message.js';
import { UsageReread } from './intake/usage.reread.js';
import { WaitingIntake } from './intake/waiting.intake.js';
import { LagWatch } from './lag.watch.js';
import { ledgerSigner } from './ledger/ledger.signer.js';
import { ClosingWatch, type ClosingTimes } from './ledger/closing.watch.js';
import { LedgerWorker } from './ledger/ledger.worker.js';
import { TakenInWatch } from './ledger/taken-in.watch.js';
import { MeteredThings } from './metered.things.js';
import { QuarantineWatch } from './quarantine.watch.js';
import { WEBHOOK_LEASE, WebhookWorker, type WebhookOptions } from './webhook/webhook.worker.js';

/** Everything billing does, wired and in the order in which it starts and ends. */
export class BillingLife implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly leases: LeaseKeeper;
  private readonly intake: IntakeWorker<UsageMessage>;
  private readonly instances: IntakeWorker<InstanceMessage>;
  private readonly releases: WaitingIntake<ReadonlyMap<number, ReleaseOutcome>>;
  private readonly builds: WaitingIntake<number>;
  private readonly fold: FoldWorker;
  private readonly budgets: BudgetWorker;
  private readonly caps: CapWorker;
  private readonly capDesk: CapDesk;
  private readonly webhooks: WebhookWorker;
  private readonly invoices: InvoiceWorker;
  private readonly debts: DebtWorker;
  private readonly lag: LagWatch;
  private readonly clocks: ClockWatch;
  private readonly quarantine: QuarantineWatch;
  private readonly clockDesk: ClockDesk;
  private readonly ledger: LedgerWorker;

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    { logger, clock, health, metrics, random }: ProcessParts,
    { masterKey, reach, invoicing, ...times }: ClosingTimes & WebhookOptions & { invoicing: InvoiceTerms },
  ) {
    const counted = new BillingMetrics(metrics);
    const things = new MeteredThings();
    const single = [INTAKE_LEASE, BUDGET_LEASE, CAP_LEASE, INVOICE_LEASE, WEBHOOK_LEASE];
    const names = [...single, ...FOLD_LEASES];
    const leases = { group: 'billing', names, owner: randomUUID(), db, clock, logger, metrics };
    this.leases = new LeaseKeeper(leases, {
      onChange: () => this.leasesChanged(),
      onGained: () => this.leasesGained(),
    });
    const usage = new UsageIntake(db, things, clock);
    const reread = new UsageReread(db, bus, logger);
    const usageKind = {
      ...{ stream: STREAMS.usage, health: 'intake', read: readUsageMessage, tookIn: counted.tookIn },
      atOnce: USAGE_AT_ONCE,
      take: (messages: readonly UsageMessage[], lease: Lease) => usage.take(messages, lease),
      held: (lease: Lease) => void reread.ifAsked(lease),
    };
    this.intake = new IntakeWorker(usageKind, bus, this.leases, health, logger);
    const ran = new InstanceIntake(db, things, clock);
    const instanceKind = {
      ...{ stream: STREAMS.instances, health: 'instances', read: readInstanceMessage },
      ...{ tookIn: counted.tookInInstances, atOnce: 1 },
      take: (messages: readonly InstanceMessage[], lease: Lease) => ran.take(messages, lease),
    };
    this.instances = new IntakeWorker(instanceKind, bus, this.leases, health, logger);
    const held = { db, leases: this.leases };
    this.releases = new WaitingIntake(waitingReleases(things, counted, clock), held, logger);
    this.builds = new WaitingIntake(waitingBuilds(things, clock), held, logger);
    this.fold = new FoldWorker(db, this.leases, things, counted, health, clock, logger);
    this.budgets = new BudgetWorker(db, this.leases, counted, health, clock, random, logger);
    this.webhooks = new WebhookWorker(db, this.leases, { masterKey, reach }, counted, clock, random, logger);
    const parts = { db, leases: this.leases, metrics: counted, health, clock, random, logger };
    const takenIn = (): TakenInWatch => new TakenInWatch(db, bus, clock);
    const closing = (): ClosingWatch => new ClosingWatch(db, takenIn(), times, clock);
    this.invoices = new InvoiceWorker({ ...parts, closing: closing() }, invoicing);
    this.debts = new DebtWorker(parts, invoicing.suspendAfterMs);
    this.caps = new CapWorker({ ...parts, takenIn: takenIn() });
    this.capDesk = new CapDesk(db, bus, clock, logger);
    this.lag = new LagWatch(bus, counted, health, logger);
    this.clocks = new ClockWatch(bus, clock, counted, health, logger);
    this.quarantine = new QuarantineWatch(db, this.leases, counted, logger);
    this.clockDesk = new ClockDesk(bus, clock, logger);
    this.ledger = new LedgerWorker({
      ...{ db, leases: this.leases, closing: closing(), metrics: counted, health, logger },
      signing: async () => ({ signer: await ledgerSigner(db, clock, masterKey), random }),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await ensureHubTopology(this.bus);
    await this.leases.start();
    this.releases.start();
    this.builds.start();
    this.fold.start();
    this.budgets.start();
    this.caps.start();
    this.capDesk.start();
    this.webhooks.start();
    this.invoices.start();
    this.debts.start();
    this.lag.start();
    this.quarantine.start();
    this.clockDesk.start();
    await this.clocks.start();
    this.ledger.start();
  }

  /** Takes no more work, then lets go of the leases. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([
      this.intake.stop(),
      this.releases.stop(),
      this.builds.stop(),
      this.fold.stop(),
      this.budgets.stop(),
      this.caps.stop(),
      this.capDesk.stop(),
      this.webhooks.stop(),
      this.invoices.stop(),
      this.debts.stop(),
      this.lag.stop(),
      this.quarantine.stop(),
      this.clocks.stop(),
      this.clockDesk.stop(),
      this.ledger.stop(),
      this.instances.stop(),
    ]);
    await this.leases.stop();
  }

  private leasesChanged(): void {
    this.intake.leasesChanged();
    this.instances.leasesChanged();
    this.quarantine.wake();
  }

  /** What another left half done is not waited for until the next look. */
  private leasesGained(): Promise<void> {
    this.ledger.wake();
    this.invoices.wake();
    return Promise.resolve();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
    await this.db.close();
  }
}
