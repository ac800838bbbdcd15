import { monthSpan } from '../month.js';
import {
  add,
  divideExactly,
  formatDecimal,
  multiply,
  parseDecimal,
  roundHalfUp,
  sum,
  type Decimal,
} from '../price/decimal.js';
import { sumOfUses, useCredits, type Credit } from './credit.js';
import type { TaxLine } from './terms.js';

/** A tax on the sum of the lines. Decimals as text. */
export interface BillTax {
  name: string;
  percent: string;
  base: string;
  amount: string;
}

/** What a credit pays of it. */
export interface BillCredit {
  id: string;
  name: string;
  kind: Credit['kind'];
  amount: string;
}

/** From the sum of the lines to what is asked for. */
export interface Settlement {
  taxes: BillTax[];
  /** With taxes. */
  gross: string;
  credits: BillCredit[];
  /** What is left to be paid. */
  payable: string;
}

/** What a sum of rounded lines comes to: taxes on it, each rounded once, half-up, then credits. */
export function settle(
  due: string,
  { month, currency, decimals }: { month: string; currency: string; decimals: number },
  { taxes, credits }: { taxes: readonly TaxLine[]; credits: readonly Credit[] },
): Settlement {
  const base = parseDecimal(due);
  const owed = taxes.map(({ name, percent }) => ({ name, percent, amount: taxOn(base, percent, decimals) }));
  const gross = sum([base, ...owed.map(({ amount }) => amount)]);
  const uses = useCredits(gross, credits, { currency, monthStartMs: monthSpan(month).startMs });
  const paid = sumOfUses(uses);
  const text = (value: Decimal): string => formatDecimal(value, decimals);
  return {
    taxes: owed.map(({ name, percent, amount }) => {
      return { name, percent: formatDecimal(percent), base: text(base), amount: text(amount) };
    }),
    gross: text(gross),
    credits: uses.map(({ credit: { id, name, kind }, amount }) => ({ id, name, kind, amount: text(amount) })),
    payable: text(add(gross, { ...paid, units: -paid.units })),
  };
}

function taxOn(base: Decimal, percent: Decimal, decimals: number): Decimal {
  return roundHalfUp(divideExactly(multiply(base, percent), HUNDRED), decimals);
}

const HUNDRED = 100n;
