import { billOf, monthOf, monthSpan, type Bill, type PricePlan } from '#libs/domain';
import { findAllowances, findBillFacts, findCap, type StoredCap } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showCap, type CapUse, type CapView } from './cap.view.js';

export async function getCap(call: Call): Promise<CapView> {
  return showCap(await capOf(call), (await capFacts(call)).use);
}

export async function capOf(call: Call): Promise<StoredCap> {
  const cap = await findCap(call.tx, call.actor.organizationId);
  if (!cap) throw notFound('cap');
  return cap;
}

/** What the organization has used, what it pays in, and the plans of the month. */
export async function capFacts(
  call: Call,
): Promise<{ use: CapUse; currency: Bill['currency']; plans: PricePlan[] }> {
  const { tx, actor, now } = call;
  const month = monthOf(now);
  const { parts } = await findBillFacts(tx, actor.organizationId, month);
  const { total: spent, currency } = billOf(month, parts);
  const allowances = await findAllowances(tx, actor.organizationId);
  const reserved = allowances.reduce((sum, { amount }) => sum + amount, 0n);
  const use = { month, endMs: monthSpan(month).endMs, spent, reserved };
  return { use, currency, plans: parts.map(({ plan }) => plan) };
}
