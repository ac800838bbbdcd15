import { defineCommand } from '../command.js';
import type { BillLineView, BillView } from '../client/money.types.js';
import { fieldsOf } from '../output/table.js';

/** `tow bill`: the organization's current bill, line by line. */
export const bill = defineCommand<[], { month?: string }>({
  calls: ['GET /v1/bill'],
  declare(command) {
    command.option('--month <month>', 'which month (UTC), e.g. 2026-11; default the current one');
  },
  async run(tow, _args, { month }) {
    const answer = await (await tow.client()).get<BillView>('/v1/bill', { month });
    if (tow.out.json) {
      tow.out.value(answer);
      return undefined;
    }
    tow.out.list<BillLineView>(answer.lines, columns, `Nothing to pay in ${answer.month} yet.`);
    const { month: of, currency, total, due, comparison } = answer;
    const money = (text: string): string => `${text} ${currency}`;
    tow.out.lines([
      ...(answer.lines.length > 0 ? [''] : []),
      ...fieldsOf({
        ...discountOf(answer, money),
        [`Due for ${of}`]: money(due),
        Exactly: money(total),
        ...settlementOf(answer, money),
        'If each request were rounded up alone': money(comparison.perRequest.due),
      }),
    ]);
    return undefined;
  },
});

type Fields = Record<string, string>;

/** What lies between list price and the charges, item by item. */
function discountOf({ items = [] }: BillView, money: (text: string) => string): Fields {
  const saved = items.flatMap(({ item, adjustments = [] }) =>
    adjustments.map(({ kind, id, amount }) => [
      `${item}, ${kind === 'discount' ? kind : `${kind} ${id}`}`,
      money(amount),
    ]),
  );
  return Object.fromEntries(saved) as Fields;
}

/** Adjustments, corrections, taxes and credits, and what is left to pay where there are any. */
function settlementOf(
  { adjustments = [], corrections = [], taxes = [], credits = [], payable = '' }: BillView,
  money: (text: string) => string,
): Fields {
  if (adjustments.length + corrections.length + taxes.length + credits.length === 0) return {};
  return {
    ...Object.fromEntries(
      adjustments.map(({ id, madeAt, charged }) => [
        `Adjustment of ${madeAt.slice(0, 10)} (${id})`,
        money(charged),
      ]),
    ),
    ...Object.fromEntries(
      corrections.map(({ month, plan, version, item, charged }) => [
        `Correction of ${month} (${plan}/${version}/${item})`,
        money(charged),
      ]),
    ),
    ...Object.fromEntries(taxes.map(({ name, percent, amount }) => [`${name} ${percent} %`, money(amount)])),
    ...Object.fromEntries(credits.map(({ name, amount }) => [`Paid by credit ${name}`, money(`-${amount}`)])),
    'To be paid': money(payable),
  };
}

const columns = {
  DAY: (line: BillLineView) => line.day,
  PROJECT: (line: BillLineView) => line.project,
  SERVICE: (line: BillLineView) => line.service,
  REVISION: (line: BillLineView) => line.revision,
  ITEM: (line: BillLineView) => line.item,
  QUANTITY: (line: BillLineView) => line.quantity,
  UNIT: (line: BillLineView) => line.unit,
  RATE: (line: BillLineView) => line.rate,
  AMOUNT: (line: BillLineView) => line.amount,
};
