import { TowpathError, compare, parseDecimal, refuseIfAny, type Decimal } from '#libs/domain';

/** Beyond this an amount is a slip of the keyboard. */
export const MOST = parseDecimal('1000000000000');

/**
 * Money that is given or taken (below 0), in a currency of so many decimals.
 * @throws TowpathError INVALID_ARGUMENT for none at all, parts of the smallest coin, and more than anybody has
 */
export function amountOf(text: string, decimals: number): Decimal {
  const amount = parseDecimal(text, 'amount');
  const wrong = (message: string): void => refuseIfAny([{ field: 'amount', message }]);
  if (amount.units === 0n) wrong('must not be 0');
  if (amount.scale > decimals) wrong(`has more than the ${decimals} decimals of the currency`);
  const size = { ...amount, units: amount.units < 0n ? -amount.units : amount.units };
  if (compare(size, MOST) > 0) wrong('is out of range: at most 10^12');
  return amount;
}

/**
 * What has a reference is made once: the same again is that.
 * @param what like `A payment`
 * @throws TowpathError ALREADY_EXISTS for another amount
 */
export function refuseOtherAmount(what: string, before: Decimal, amount: Decimal): void {
  if (compare(before, amount) === 0) return;
  throw new TowpathError('ALREADY_EXISTS', `${what} of that reference has another amount.`, {
    violations: [{ field: 'reference', message: 'was used for another amount' }],
  });
}
