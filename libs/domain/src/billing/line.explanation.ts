import { monthSpan } from '../month.js';
import { formatDecimal, parseDecimal, sum } from '../price/decimal.js';
import type { PricePlan } from '../price/plan.types.js';
import type { Interval } from '../usage/usage.types.js';
import type { BillItem } from './bill.js';
import type { InvoiceLine } from './invoice.js';

/** What one part of a line comes to: usually all of it; apart where the discount changed within the month. */
export type ExplainedCharge = Pick<BillItem, 'quantity' | 'list' | 'adjustments' | 'amount' | 'rounded'>;

/** Why a fee is what it is. */
export interface ExplainedFee {
  /** Of a whole month. */
  amount: string;
  prorated: boolean;
  /** When the version was in force in the month. */
  held: Interval[];
  heldMs: bigint;
  monthMs: bigint;
  /** What the quantity of all charges is worked out by; `0` where the fee is not owed. */
  formula: string;
}

/** From list price to what is asked for. Decimals as text, exact but for what is rounded. */
export interface ExplainedLine extends Pick<BillItem, 'plan' | 'version' | 'item' | 'name' | 'unit'> {
  month: string;
  currency: string;
  charges: ExplainedCharge[];
  /** What is asked for: the sum of what is rounded. */
  charged: string;
  /** Absent for a price item: its minutes explain it. */
  fee?: ExplainedFee;
}

/** A line of a bill or an invoice. */
export type StatedLine = BillItem | InvoiceLine;

/**
 * One line of a month from its parts.
 * @param stated all lines of the bill or invoice; those of another item or version are left out
 * @param held when the version was in force in the month
 */
export function explainedLine(
  { plan, item, month }: { plan: PricePlan; item: string; month: string },
  stated: readonly StatedLine[],
  held: readonly Interval[],
): ExplainedLine {
  const charges = stated
    .filter((one) => one.plan === plan.id && one.version === plan.version && one.item === item)
    .map(chargeOf);
  const priced = plan.items.find(({ id }) => id === item);
  const fee = plan.fees.find(({ id }) => id === item);
  const rounded = sum(charges.map((charge) => parseDecimal(charge.rounded)));
  return {
    ...{ month, plan: plan.id, version: plan.version, item, currency: plan.currency },
    ...{ name: (priced ?? fee)?.name ?? item, unit: priced?.unit ?? 'month' },
    ...{ charges, charged: formatDecimal(rounded, plan.decimals) },
    ...(fee && { fee: explainedFee(fee, charges.length > 0 ? held : [], month) }),
  };
}

function chargeOf({ quantity, list, adjustments, amount, ...line }: StatedLine): ExplainedCharge {
  const rounded = 'charged' in line ? line.charged : line.rounded;
  return { quantity, list, adjustments, amount, rounded };
}

function explainedFee(
  { amount: whole, prorated }: PricePlan['fees'][number],
  spans: readonly Interval[],
  month: string,
): ExplainedFee {
  const { startMs, endMs } = monthSpan(month);
  const monthMs = BigInt(endMs - startMs);
  const held = spans.map((span) => ({ startMs: span.startMs, endMs: span.endMs }));
  const heldMs = held.reduce((ms, span) => ms + BigInt(span.endMs - span.startMs), 0n);
  const amount = formatDecimal(whole);
  const share = prorated ? `${amount} × ${heldMs} ms ÷ ${monthMs} ms` : `${amount}, once in the month`;
  return { amount, prorated, held, heldMs, monthMs, formula: held.length === 0 ? '0' : share };
}
