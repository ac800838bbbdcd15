import { billPeriods, monthSpan, STANDARD_TERM, type BillPart, type BillPeriod } from '#libs/domain';
import { usageByPeriod } from './billing-window.store.js';
import { findPlanVersions } from './price-plan.store.js';
import type { Tx } from './statement.js';

/** The parts of a month of an organization, by the versions of its plans that were in force; as the tenant or the system. */
export async function findBillPeriods(tx: Tx, _organizationId: string, month: string): Promise<BillPeriod[]> {
  const versions = await findPlanVersions(tx, [STANDARD_TERM.plan]);
  return billPeriods(
    month,
    [],
    versions.map(({ plan }) => plan),
  );
}

/** What a month of an organization is billed from: its usage by the versions of its plan that were in force. */
export async function findBillParts(tx: Tx, organizationId: string, month: string): Promise<BillPart[]> {
  const periods = await findBillPeriods(tx, organizationId, month);
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  const borders = periods.slice(1).map(({ startMs }) => startMs);
  const days = await usageByPeriod(tx, { organizationId, fromMs, toMs }, borders);
  return periods.map(({ plan }, i) => ({ plan, days: days[i] ?? [] }));
}
