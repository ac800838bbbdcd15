import {
  capAmount,
  capConflict,
  capLeft,
  parseRatio,
  worstBuild,
  type CapMoney,
  type CappedBuild,
} from '#libs/domain';
import { findMonthSpent, type MonthSpent } from './bill.store.js';
import { openBuildsSql } from './cap.sql.js';
import { findAllowances, lockCap } from './cap.store.js';
import { mustRereadUsage } from './hub.store.js';
import type { Tx } from './statement.js';

/** What an organization has used of a cap, in the month that an instant lies in. */
export interface CapUse extends MonthSpent {
  /** What gateways may still spend, and builds that run may cost. */
  reserved: CapMoney;
}

/** How many builds may still cost something that the bill does not say yet. */
export async function countOpenBuilds(tx: Tx, organizationId: string): Promise<bigint> {
  return BigInt((await tx.one(openBuildsSql, [organizationId]))?.count ?? 0);
}

/** What is spent is read last: what ends meanwhile may be in both, never in neither. */
export async function findCapUse(tx: Tx, organizationId: string, now: number): Promise<CapUse> {
  const builds = await countOpenBuilds(tx, organizationId);
  const allowances = await findAllowances(tx, organizationId);
  const month = await findMonthSpent(tx, organizationId, now);
  const reserved = allowances.reduce((sum, { amount }) => sum + amount, builds * worstBuild(month.plans));
  return { ...month, reserved };
}

/**
 * Whether a build may begin: the cap leaves what it costs at most. The cap is held to the end of the transaction, in which the build
 * is to be written as asked for.
 * @returns why it may not
 */
export async function refuseBuild(
  tx: Tx,
  organizationId: string,
  now: number,
): Promise<CappedBuild | undefined> {
  const cap = await lockCap(tx, organizationId);
  if (!cap) return undefined;
  const { spent, reserved, plans, endMs } = await findCapUse(tx, organizationId, now);
  const cost = worstBuild(plans);
  if (cost === 0n) return undefined;
  const isKnown = plans.every((plan) => capConflict(cap, plan) === undefined) && !(await mustRereadUsage(tx));
  const leaves = (held: CapMoney): boolean => capLeft(cap.amount, parseRatio(spent), held) >= cost;
  if (isKnown && leaves(reserved)) return undefined;
  const { amount, currency } = cap;
  const standing = { cap: amount, currency, spent, reserved: capAmount(reserved), resetsAt: endMs };
  return { standing, cost: capAmount(cost), isReserved: leaves(0n) };
}
