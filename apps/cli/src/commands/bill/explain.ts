import type {
  ExplainedLineView,
  ExplainedRequestView,
  ExplainedWindowView,
} from '../../client/explain.types.js';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import type { Tow } from '../../tow.js';
import { fieldsOf } from '../../output/table.js';
import { wholeNumber } from '../../flags/quantity.js';

interface Options {
  month?: string;
  invoice?: string;
  window?: string;
  limit?: number;
}

/**
 * `tow bill explain LINE`: how a line comes to what is asked for it, and the minutes that it is the sum of, of a fee when it
 * was held; with `--window` the requests of one minute.
 */
export const billExplain = defineCommand<[string], Options>({
  calls: ['GET /v1/bill/line', 'GET /v1/bill/windows', 'GET /v1/bill/windows/{window}/requests'],
  declare(command) {
    command
      .argument('<line>', 'a price item; plan/version/item; of a correction month/plan/version/item')
      .option('--month <month>', 'of the bill of a month (UTC), e.g. 2026-11; default the current one')
      .option('--invoice <invoice>', 'of an invoice, by number or id, as it counted them')
      .option('--window <id>', 'the requests of this minute instead of the minutes')
      .option('--limit <n>', 'print so many at most', wholeNumber('--limit'), 100);
  },
  async run(tow, [line], { month, invoice, window, limit }) {
    const client = await tow.client();
    if (window === undefined) {
      const query = { line, month, invoice };
      const whole = await client.get<ExplainedLineView>('/v1/bill/line', query);
      if (whole.fee) return showFee(tow, whole, whole.fee);
      if (!tow.out.json) tow.out.lines([...stepsOf(whole), '']);
      const rows = await listAll<ExplainedWindowView>(client, '/v1/bill/windows', query, limit);
      tow.out.list(rows, windowColumns, 'Nothing was used for it.');
      return undefined;
    }
    const address = path`/v1/bill/windows/${window}/requests`;
    const rows = await listAll<ExplainedRequestView>(client, address, { line, invoice }, limit);
    tow.out.list(rows, requestColumns, 'No request bears any of it.');
    return undefined;
  },
});

type Fee = NonNullable<ExplainedLineView['fee']>;

function showFee(tow: Tow, whole: ExplainedLineView, { formula, held }: Fee): undefined {
  if (tow.out.json) {
    tow.out.value(whole);
    return undefined;
  }
  tow.out.lines([...fieldsOf({ 'At list price': formula }), ...stepsOf(whole), '']);
  tow.out.list(held, heldColumns, 'It is not owed.');
  return undefined;
}

/** From list price to what is asked for it, each step by its name. */
function stepsOf({ name, month, unit, currency, charges, charged }: ExplainedLineView): string[] {
  const steps = charges.flatMap(({ quantity, list, adjustments, amount, rounded }) => [
    ...[`${quantity} ${unit} at list price: ${list}`],
    ...adjustments.map((by) => `${by.kind} ${by.id}: ${by.amount}`),
    `comes to ${amount}, rounded ${rounded}`,
  ]);
  return [`${name}, ${month}`, ...steps.map((step) => `  ${step}`), `  asked for: ${charged} ${currency}`];
}

const heldColumns = {
  FROM: (row: Fee['held'][number]) => row.from,
  TO: (row: Fee['held'][number]) => row.to,
};

const windowColumns = {
  MINUTE: (row: ExplainedWindowView) => row.start,
  SERVICE: (row: ExplainedWindowView) => row.service,
  REVISION: (row: ExplainedWindowView) => row.revision,
  REQUESTS: (row: ExplainedWindowView) => row.requests,
  BLOCKS: (row: ExplainedWindowView) => row.blocks,
  QUANTITY: (row: ExplainedWindowView) => row.quantity,
  UNIT: (row: ExplainedWindowView) => row.unit,
  AMOUNT: (row: ExplainedWindowView) => row.amount,
  STATE: (row: ExplainedWindowView) => (row.corrected ? `${row.state}, corrected` : row.state),
  WINDOW: (row: ExplainedWindowView) => row.id,
};

const requestColumns = {
  REQUEST: (row: ExplainedRequestView) => row.request,
  BLOCKS: (row: ExplainedRequestView) => row.blocks,
  'FIRST OPENED': (row: ExplainedRequestView) => row.opened[0] ?? '',
  QUANTITY: (row: ExplainedRequestView) => row.quantity,
  UNIT: (row: ExplainedRequestView) => row.unit,
  AMOUNT: (row: ExplainedRequestView) => row.amount,
};
