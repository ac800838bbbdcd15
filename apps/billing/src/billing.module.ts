import { readFile } from 'node:fs/promises';
import { Module, type DynamicModule } from '@nestjs/common';
import { Bus } from '#libs/bus';
import type { ProcessParts } from '#libs/process';
import { Database, parseMasterKey } from '#libs/store';
import type { BillingConfig } from './billing.config.js';
import { BillingLife } from './billing.life.js';

const DAY_MS = 86_400_000;

@Module({})
class BillingModule {}

/** Connects to what billing works on. Nothing runs before the application has started. */
export async function billingModule(config: BillingConfig, parts: ProcessParts): Promise<DynamicModule> {
  const masterKey = parseMasterKey(await readFile(config.TOWPATH_MASTER_KEY_FILE, 'utf8'));
  const creds = await readFile(config.TOWPATH_NATS_CREDS, 'utf8');
  const bus = await Bus.connect({ servers: config.NATS_URL, creds, name: 'billing', waits: true });
  const db = Database.open({ systemUrl: config.TOWPATH_SYSTEM_DATABASE_URL });
  const clock = await db.clock(parts.logger);
  const suspendDays = config.TOWPATH_INVOICE_SUSPEND_DAYS;
  const options = {
    masterKey,
    reach: config.TOWPATH_WEBHOOK_REACH,
    graceMs: config.TOWPATH_LEDGER_GRACE_SECONDS * 1000,
    patienceMs: config.TOWPATH_LEDGER_PATIENCE_SECONDS * 1000,
    invoicing: {
      graceMs: config.TOWPATH_INVOICE_GRACE_SECONDS * 1000,
      dueMs: config.TOWPATH_INVOICE_DUE_DAYS * DAY_MS,
      seller: config.TOWPATH_INVOICE_SELLER,
      suspendAfterMs: suspendDays === undefined ? undefined : suspendDays * DAY_MS,
    },
  };
  const life = new BillingLife(db, bus, { ...parts, clock }, options);
  return { module: BillingModule, providers: [{ provide: BillingLife, useValue: life }] };
}
