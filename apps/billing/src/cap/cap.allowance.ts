import type { CapAnswer, CapRequest } from '#libs/bus';
import { TowpathError, allowanceOf, capAmount, capLeft, type CapMoney } from '#libs/domain';
import {
  findAllowances,
  findRevisionSizes,
  mustRereadUsage,
  lockCap,
  saidRecords,
  saveAllowance,
  type RecordName,
  type StoredCap,
  type Tx,
} from '#libs/store';
import { capMonth, staysSpent, type CapMonth } from './cap.money.js';

/**
 * Allows one process of a gateway to spend of a cap: what was spent and what all gateways may spend and builds and instances may cost is never above it,
 * since one after the other is answered. What the bill says is read after what of the records is in it.
 */
export async function allow(tx: Tx, request: CapRequest, now: number): Promise<CapAnswer> {
  const { organizationId, gatewayId, incarnation, asked } = request;
  const cap = await lockCap(tx, organizationId);
  if (!cap) return { allowance: '0', prices: [], said: [] };
  const allowances = await findAllowances(tx, organizationId);
  const own = allowances.find((one) => one.gatewayId === gatewayId && one.incarnation === incarnation);
  if (own !== undefined && own.asked >= asked)
    throw new TowpathError('FAILED_PRECONDITION', 'The gateway has asked again since.');
  const records = namesOf(request.records);
  const said = await saidRecords(tx, organizationId, records);
  const month = await capMonth(tx, cap, now);
  const others = month.reserved - (own?.amount ?? 0n);
  const amount = await amountOf(tx, { cap, month, others }, request);
  const { aloneMs } = request;
  const began = aloneMs === undefined ? {} : { beganAt: now - aloneMs };
  const allowance = { gatewayId, incarnation, amount, asked, ...began, askedAt: now };
  // What a former process of the gateway was allowed is free some time after this one began.
  const isKnown = allowances.some((one) => one.gatewayId === gatewayId);
  if (isKnown || amount > 0n) await saveAllowance(tx, organizationId, allowance);
  return {
    standing: {
      cap: cap.amount,
      currency: cap.currency,
      spent: month.spentText,
      reserved: capAmount(keptBack(cap, month, others + amount)),
      resetsAt: month.endMs,
    },
    allowance: String(amount),
    prices: await pricesOf(tx, request, month),
    said: byProducer(said.map((n) => records[n] as RecordName)),
  };
}

/** All that is left, where nobody is to have it: gateways give their permits back. */
function keptBack(cap: StoredCap, month: CapMonth, reserved: CapMoney): CapMoney {
  const left = staysSpent(cap, month) ? capLeft(cap.amount, month.spent, 0n) : 0n;
  return left > reserved ? left : reserved;
}

/** Nothing more than is kept, where the cap is spent or cannot be kept, or it is not known what was spent (after a restore). */
async function amountOf(
  tx: Tx,
  { cap, month, others }: { cap: StoredCap; month: CapMonth; others: CapMoney },
  request: CapRequest,
): Promise<CapMoney> {
  const keep = BigInt(request.keep);
  if (!month.canKeep || staysSpent(cap, month) || (await mustRereadUsage(tx))) return keep;
  const wish = { keep, need: BigInt(request.need), slack: BigInt(request.slack) };
  return allowanceOf(capLeft(cap.amount, month.spent, others), wish);
}

async function pricesOf(
  tx: Tx,
  { organizationId, revisions }: CapRequest,
  { priceOf }: CapMonth,
): Promise<CapAnswer['prices']> {
  const sizes = await findRevisionSizes(tx, organizationId, revisions);
  return sizes.map((size) => {
    const { block, request } = priceOf(size);
    return { revisionId: size.id, block: String(block), request: String(request) };
  });
}

function namesOf(records: CapRequest['records']): RecordName[] {
  return records.flatMap(({ producer, positions }) => positions.map((position) => ({ producer, position })));
}

function byProducer(names: readonly RecordName[]): CapAnswer['said'] {
  const groups = Map.groupBy(names, ({ producer }) => producer);
  return [...groups].map(([producer, of]) => ({
    producer: producer as CapAnswer['said'][number]['producer'],
    positions: of.map(({ position }) => position),
  }));
}
