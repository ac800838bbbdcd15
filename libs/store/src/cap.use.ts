import {
  capAmount,
  capConflict,
  capLeft,
  monthSpan,
  parseRatio,
  pricesInstances,
  worstBuild,
  worstInstances,
  type CapMoney,
  type CappedBuild,
} from '#libs/domain';
import { findMonthSpent, type MonthSpent } from './bill.store.js';
import { openBuildsSql, unfoldedInstancesSql, unpaidMsSql } from './cap.sql.js';
import { findAllowances, findServed, lockCap } from './cap.store.js';
import { mustRereadUsage } from './hub.store.js';
import { sizeOf } from './revision-size.sql.js';
import type { Tx } from './statement.js';

/** What an organization has used of a cap, in the month that an instant lies in. */
export interface CapUse extends MonthSpent {
  /** What gateways may still spend, and what builds and instances that run may cost. */
  reserved: CapMoney;
  /** Of what is reserved: what instances that run may cost until they could be gone. It pays for what they are told to have run. */
  stopping: CapMoney;
  /** How long instances ran in the month that the cap did not pay for. */
  unpaidMs: number;
}

/** By then an instance was told of, the cap was looked at, and the instance has ended. */
export const STOPPING_MS = 120_000;

/** How many builds may still cost something that the bill does not say yet. */
export async function countOpenBuilds(tx: Tx, organizationId: string): Promise<bigint> {
  return BigInt((await tx.one(openBuildsSql, [organizationId]))?.count ?? 0);
}

/** What is spent is read last: what ends meanwhile may be in both, never in neither. */
export async function findCapUse(tx: Tx, organizationId: string, now: number): Promise<CapUse> {
  const builds = await countOpenBuilds(tx, organizationId);
  const unfolded = await tx.run(unfoldedInstancesSql, [organizationId]);
  const allowances = await findAllowances(tx, organizationId);
  const month = await findMonthSpent(tx, organizationId, now);
  const { plans } = month;
  const served = plans.some(pricesInstances) ? await findServed(tx, organizationId, now) : [];
  const stopping = sum(
    served.map((one) =>
      worstInstances(plans, one, { ms: one.running * STOPPING_MS, stretches: one.running, starts: 0 }),
    ),
  );
  const instances = stopping + sum(unfolded.map((row) => worstInstances(plans, sizeOf(row), row)));
  const { startMs, endMs } = monthSpan(month.month);
  const unpaid = await tx.one(unpaidMsSql, [organizationId, startMs, endMs]);
  return {
    ...month,
    ...{ stopping, unpaidMs: unpaid?.ms ?? 0 },
    reserved: sum(allowances.map(({ amount }) => amount)) + builds * worstBuild(plans) + instances,
  };
}

function sum(amounts: readonly CapMoney[]): CapMoney {
  return amounts.reduce((all, one) => all + one, 0n);
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
