import { NOTHING, parseRatio, plus, type Ratio } from '../price/ratio.js';
import type { RatedCharge, RatedMonth } from './rating.js';

/** What a later invoice adds to (or takes off) a charge of an invoice that is out: money, rounded already. */
export interface Correction {
  organizationId: string;
  /** The month that is corrected. */
  month: string;
  item: string;
  version: number;
  amount: Ratio;
}

/**
 * What brings an invoiced month to what it costs when it is rated again: rounded(again) - invoiced, by charge; nothing
 * where nothing changed. The invoice that is out stays as it is.
 * @param corrected corrections that were made already
 */
export function correctionsOf(
  invoiced: RatedMonth,
  again: RatedMonth,
  corrected: readonly Correction[] = [],
): Correction[] {
  const { organizationId, month } = invoiced;
  const keys = new Map([...invoiced.charges, ...again.charges].map((one) => [keyOf(one), one]));
  return [...keys.values()]
    .map(({ item, version }) => {
      const paid = corrected
        .filter((one) => keyOf(one) === keyOf({ item, version }))
        .reduce((sum, { amount }) => plus(sum, amount), roundedOf(invoiced, item, version));
      const owed = roundedOf(again, item, version);
      return { organizationId, month, item, version, amount: plus(owed, { ...paid, top: -paid.top }) };
    })
    .filter(({ amount }) => amount.top !== 0n);
}

function roundedOf({ charges }: RatedMonth, item: string, version: number): Ratio {
  const charge = charges.find((one) => one.item === item && one.version === version);
  return charge === undefined ? NOTHING : parseRatio(charge.rounded);
}

function keyOf({ item, version }: Pick<RatedCharge, 'item' | 'version'>): string {
  return `${item} ${version}`;
}
