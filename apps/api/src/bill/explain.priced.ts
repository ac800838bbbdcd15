import {
  costLines,
  formatRatio,
  minus,
  parseRatio,
  type CostLine,
  type CountedUsage,
  type PricePlan,
} from '#libs/domain';

/** What a usage comes to for an item at list price, less what had been counted of it before. */
export function priced(
  { plan, item }: { plan: PricePlan; item: string },
  used: CountedUsage,
  less?: CountedUsage,
): Pick<CostLine, 'quantity' | 'unit' | 'rate' | 'currency' | 'amount'> {
  const lineOf = (one: CountedUsage): CostLine | undefined =>
    costLines([{ plan, used: one }]).find((line) => line.item === item);
  const [line, former] = [lineOf(used), less && lineOf(less)];
  const unit = plan.items.find(({ id }) => id === item)?.unit ?? '';
  const difference = (of: 'quantity' | 'amount'): string =>
    formatRatio(minus(parseRatio(line?.[of] ?? '0'), parseRatio(former?.[of] ?? '0')));
  const rate = line?.rate ?? former?.rate ?? '0';
  return {
    ...{ unit, rate, currency: plan.currency },
    quantity: difference('quantity'),
    amount: difference('amount'),
  };
}

/** What windows count of it, less what had been counted before. */
export function countsOf(used: CountedUsage, less?: CountedUsage) {
  const difference = (of: 'requests' | 'blocks' | 'perRequestUnits' | 'responseBytes'): string =>
    String(used[of] - (less?.[of] ?? 0n));
  return {
    requests: difference('requests'),
    blocks: difference('blocks'),
    perRequestUnits: difference('perRequestUnits'),
    responseBytes: difference('responseBytes'),
  };
}
