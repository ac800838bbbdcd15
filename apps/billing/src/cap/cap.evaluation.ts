import {
  capLeft,
  isCapReached,
  longestMs,
  watermarkOf,
  worstCost,
  worstInstances,
  type CapMoney,
  type CapReason,
  type Id,
  type Random,
} from '#libs/domain';
import {
  STOPPING_MS,
  dropAllowance,
  findAllowances,
  findProducers,
  findServed,
  giveNotice,
  isDirtyBefore,
  listServiceIds,
  lockCap,
  longestTimeout,
  markCap,
  writeServicesChanged,
  type LeasedTx,
  type ServedRevision,
  type StoredCap,
} from '#libs/store';
import { capMonth, spentOf, staysSpent, type CapMonth } from './cap.money.js';

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
  const served = await findServed(tx, organizationId, look.now);
  const costs = served.map((one) => costOfNext(one, month));
  // what waits to be folded may be on the bill already, and a cap that is spent stays so
  const left = capLeft(cap.amount, month.spent, month.stopping);
  const isSpent = isCapReached(left, least(costs)) || staysSpent(cap, month);
  await freeAllowances(tx, organizationId, look);
  return note(tx, cap, { month, reason: isSpent ? 'spent' : month.canKeep ? undefined : 'plan' }, look);
}

/** The most that one request more costs, with the instance that it starts where none runs. */
function costOfNext(served: ServedRevision, { plans, priceOf }: CapMonth): CapMoney {
  const start = { ms: STOPPING_MS, stretches: 1, starts: 1 };
  const started = served.running > 0 ? 0n : worstInstances(plans, served, start);
  return worstCost(priceOf(served), served.timeoutSeconds) + started;
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
  const about = `${spentOf(cap, month)}${reason === 'plan' ? ' plan' : ''}`;
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
