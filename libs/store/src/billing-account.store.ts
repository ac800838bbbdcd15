import { formatDecimal, parseDecimal, type BillingTerms, type Buyer } from '#libs/domain';
import {
  findAccountSql,
  findLifeSql,
  hasUsageSql,
  listTermsSql,
  lockBillingSql,
  saveAccountSql,
  saveTermsSql,
  type TermsRow,
} from './billing-account.sql.js';
import { ms, time } from './row.js';
import type { Tx } from './statement.js';

/** Who is asked to pay; version 0 as long as nobody has said. */
export interface BillingAccount {
  buyer: Buyer | undefined;
  version: number;
}

/** Keeps everybody else from changing how the organization is billed until the transaction ends. */
export async function lockBilling(tx: Tx, organizationId: string): Promise<void> {
  await tx.run(lockBillingSql, [organizationId]);
}

export async function findBillingAccount(tx: Tx, organizationId: string): Promise<BillingAccount> {
  const row = await tx.one(findAccountSql, [organizationId]);
  return row
    ? { buyer: row.buyer as unknown as Buyer, version: row.version }
    : { buyer: undefined, version: 0 };
}

export async function saveBuyer(tx: Tx, organizationId: string, buyer: Buyer, now: number): Promise<number> {
  const row = await tx.one(saveAccountSql, [organizationId, JSON.stringify(buyer), time(now)]);
  return row?.version ?? 0;
}

/** When the organization was made, and when it began to close (Infinity: it did not); UTC ms. */
export async function findBillingLife(
  tx: Tx,
  organizationId: string,
): Promise<{ madeAt: number; endedAt: number }> {
  const row = await tx.one(findLifeSql, [organizationId]);
  return { madeAt: row?.created_at.getTime() ?? 0, endedAt: row?.ended_at?.getTime() ?? Infinity };
}

/** Ascending by the instant from which they are in force. */
export async function listTerms(tx: Tx, organizationId: string): Promise<BillingTerms[]> {
  return (await tx.run(listTermsSql, [organizationId])).map(toTerms);
}

/** In place of terms of the same instant; the caller knows that nothing was rated by those. */
export async function saveTerms(
  tx: Tx,
  organizationId: string,
  { effectiveFromMs, plan, discountPercent, taxes }: BillingTerms,
  { by, now }: { by: string; now: number },
): Promise<void> {
  const lines = taxes.map(({ name, percent }) => ({ name, percent: formatDecimal(percent) }));
  const row = [organizationId, time(effectiveFromMs), plan, formatDecimal(discountPercent)];
  await tx.run(saveTermsSql, [...row, JSON.stringify(lines), by, time(now)]);
}

/** Whether anything was ever metered for it. */
export async function hasUsage(tx: Tx, organizationId: string): Promise<boolean> {
  return (await tx.one(hasUsageSql, [organizationId]))?.used === true;
}

/** A row as the domain's terms. */
export function toTerms({ effective_from, plan_id, discount_percent, taxes }: TermsRow): BillingTerms {
  return {
    effectiveFromMs: ms(effective_from),
    plan: plan_id,
    discountPercent: parseDecimal(discount_percent),
    taxes: taxes.map(({ name, percent }) => ({ name, percent: parseDecimal(percent) })),
  };
}
