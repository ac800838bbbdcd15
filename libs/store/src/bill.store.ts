import { billPeriods, monthSpan, STANDARD_TERM, type BillPart } from '#libs/domain';
import { usageByPeriod } from './billing-window.store.js';
import { findPlanVersions } from './price-plan.store.js';
import type { Tx } from './statement.js';

/** What a month of an organization is billed from: its usage by the versions of its plan that were in force. */
export async function findBillParts(tx: Tx, organizationId: string, month: string): Promise<BillPart[]> {
  const versions = await findPlanVersions(tx, [STANDARD_TERM.plan]);
  const periods = billPeriods(
    month,
    [],
    versions.map(({ plan }) => plan),
  );
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  const borders = periods.slice(1).map(({ startMs }) => startMs);
  const days = await usageByPeriod(tx, { organizationId, fromMs, toMs }, borders);
  return periods.map(({ plan }, i) => ({ plan, days: days[i] ?? [] }));
}
