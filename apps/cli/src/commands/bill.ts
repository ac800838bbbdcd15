import { defineCommand } from '../command.js';
import type { BillLineView, BillView } from '../client/wire.types.js';
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
    tow.out.lines([
      ...(answer.lines.length > 0 ? [''] : []),
      ...fieldsOf({
        [`Due for ${of}`]: `${due} ${currency}`,
        Exactly: `${total} ${currency}`,
        'If each request were rounded up alone': `${comparison.perRequest.due} ${currency}`,
      }),
    ]);
    return undefined;
  },
});

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
