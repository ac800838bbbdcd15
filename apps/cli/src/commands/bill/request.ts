import type { RequestCostView } from '../../client/explain.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { fieldsOf } from '../../output/table.js';

type Line = RequestCostView['lines'][number];
type Adjusted = RequestCostView['adjustments'][number];

/** `tow bill request ID`: what one request costs at list price. */
export const billRequest = defineCommand<[string], { at?: string }>({
  calls: ['GET /v1/bill/requests/{request}'],
  declare(command) {
    command
      .argument('<request>', 'its id, as its answer says in x-request-id')
      .option(
        '--at <time>',
        'when it ran, to 3 minutes, e.g. 2026-11-21T10:00:00Z; default within the last hour',
      );
  },
  async run(tow, [request], { at }) {
    const client = await tow.client();
    const cost = await client.get<RequestCostView>(path`/v1/bill/requests/${request}`, { at });
    if (tow.out.json) {
      tow.out.value(cost);
      return undefined;
    }
    const { service = '', revision = '', start, end, opened, totals } = cost;
    tow.out.lines([
      ...fieldsOf({
        Service: service,
        Revision: revision,
        From: start,
        'Billed from': waitedOf(cost),
        To: cost.ended ? end : `${end}, and goes on`,
        'Blocks of 100 ms': String(opened.length),
        Costs: costsOf(cost),
        ...Object.fromEntries(totals.map(({ currency, amount }) => [`At list price, ${currency}`, amount])),
      }),
      '',
    ]);
    tow.out.list<Line>(cost.lines, columns, 'It costs nothing.');
    if (cost.adjustments.length > 0) {
      tow.out.lines(['', 'Of the whole lines of the bill that it has a part in, as they stand now:']);
      tow.out.list<Adjusted>(cost.adjustments, adjustmentColumns, '');
    }
    return undefined;
  },
});

const waitedOf = ({ billedFrom }: RequestCostView): string | undefined =>
  billedFrom === undefined ? undefined : `${billedFrom}, when its first instance was ready`;

function costsOf({ billable, notBillableReason = '', provisional }: RequestCostView): string {
  if (!billable) return `nothing: ${notBillableReason}`;
  return provisional ? 'provisional, until its hour is closed' : 'final';
}

const columns = {
  ITEM: (line: Line) => line.item,
  QUANTITY: (line: Line) => line.quantity,
  UNIT: (line: Line) => line.unit,
  RATE: (line: Line) => line.rate,
  AMOUNT: (line: Line) => `${line.amount} ${line.currency}`,
};

const adjustmentColumns = {
  MONTH: (row: Adjusted) => row.month,
  ITEM: (row: Adjusted) => row.item,
  ADJUSTMENT: (row: Adjusted) => row.kind,
  NAME: (row: Adjusted) => row.id,
  AMOUNT: (row: Adjusted) => row.amount,
};
