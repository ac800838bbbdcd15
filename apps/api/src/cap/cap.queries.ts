import { findAllowances, findCap, findMonthSpent, type StoredCap } from '#libs/store';
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

/** What the organization has used, and what it pays in. */
export async function capFacts({
  tx,
  actor: { organizationId },
  now,
}: Call): Promise<{ use: CapUse; currency: string }> {
  const { month, endMs, spent, currency } = await findMonthSpent(tx, organizationId, now);
  const allowances = await findAllowances(tx, organizationId);
  const reserved = allowances.reduce((sum, { amount }) => sum + amount, 0n);
  return { use: { month, endMs, spent, reserved }, currency };
}
