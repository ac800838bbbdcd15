import {
  capLeft,
  isCapReached,
  longestMs,
  watermarkOf,
  worstCost,
  type CapMoney,
  type CapReason,
  type Id,
  type Random,
} from '#libs/domain';
import {
  dropAllowance,
  findAllowances,
  findProducers,
  findServedSizes,
  giveNotice,
  isDirtyBefore,
  listServiceIds,
  lockCap,
  longestTimeout,
  markCap,
  writeServicesChanged,
  type LeasedTx,
  type StoredCap,
} from '#libs/store';
import { capMonth, type CapMonth } from './cap.money.js';

/** A process that holds anything asks more often. */
const SILENT_MS = 90_000;

export interface CapLook {
  now: number;
  random: Random;
  /** All usage that the stream held at this time has been taken in. */
  takenInToMs: number;
}

/**
 * Looks at the cap of an organization: when it is reached, or a plan has come that it cannot be kept under, nothing is kept warm any more
 * and the organization is told, once for each month, amount and reason; what a gateway's former process was allowed is free once all it let in is in the bill.
 * @returns whether anybody is to be woken
 */
export async function evaluateCap(tx: LeasedTx, organizationId: Id<'org'>, look: CapLook): Promise<boolean> {
  const cap = await lockCap(tx, organizationId);
  if (!cap) return false;
  const month = await capMonth(tx, cap, look.now);
  const sizes = await findServedSizes(tx, organizationId);
  const costs = sizes.map((size) => worstCost(month.priceOf(size), size.timeoutSeconds));
  const isSpent = isCapReached(capLeft(cap.amount, month.spent, 0n), least(costs));
  await freeAllowances(tx, organizationId, look);
  return note(tx, cap, { month, reason: isSpent ? 'spent' : month.canKeep ? undefined : 'plan' }, look);
}

function least(costs: readonly CapMoney[]): CapMoney | undefined {
  const [first, ...rest] = costs;
  return rest.reduce((one, other) => (other < (one ?? other) ? other : one), first);
}

async function note(
  tx: LeasedTx,
  cap: StoredCap,
  { month, reason }: { month: CapMonth; reason: CapReason | undefined },
  { now, random }: CapLook,
): Promise<boolean> {
  const { organizationId, amount, currency } = cap;
  const reached = reason !== undefined;
  // as the release before, which knew one reason, names what was spent
  const about = `${month.month} ${amount}${reason === 'plan' ? ' plan' : ''}`;
  const tells = reached && cap.told !== about;
  if (reached === cap.reached && !tells) return false;
  const told = tells ? { told: about } : {};
  await markCap(tx, { ...cap, reached, ...told });
  if (tells) {
    const data = { month: month.month, amount, currency, spent: month.spentText, reason };
    await giveNotice(tx, { organizationId, type: 'cap.reached', data, now }, random);
  }
  if (reached === cap.reached) return true;
  await writeServicesChanged(tx, organizationId, await listServiceIds(tx, organizationId), { now, random });
  return true;
}

/**
 * A process that is silent may still hold what it was allowed, and its Envoy lets requests in by it, until another process
 * beside that Envoy says since when it does not.
 */
async function freeAllowances(tx: LeasedTx, organizationId: Id<'org'>, look: CapLook): Promise<void> {
  const all = await findAllowances(tx, organizationId);
  const silent = all.filter(({ askedAt }) => askedAt < look.now - SILENT_MS);
  if (silent.length === 0) return;
  const longest = longestMs(await longestTimeout(tx, organizationId));
  const producers = await findProducers(tx);
  for (const one of silent) {
    const beside = all.filter(({ gatewayId }) => gatewayId === one.gatewayId);
    const next = beside.reduce((newest, each) => (each.askedAt > newest.askedAt ? each : newest));
    const producer = producers.find(({ gatewayId }) => gatewayId === one.gatewayId);
    const knownTo = producer ? watermarkOf(producer, look.takenInToMs) : 0;
    // of the newest itself nothing is known but that it may go on
    const ended = (next === one ? Infinity : (next.beganAt ?? Infinity)) + longest;
    const isUseless = one.amount === 0n && (next !== one || beside.length === 1);
    const isOver = isUseless || (knownTo > ended && !(await isDirtyBefore(tx, organizationId, ended)));
    if (isOver) await dropAllowance(tx, organizationId, one);
  }
}
