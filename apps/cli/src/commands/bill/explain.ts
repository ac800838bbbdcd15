import type { ExplainedRequestView, ExplainedWindowView } from '../../client/explain.types.js';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { wholeNumber } from '../../flags/quantity.js';

interface Options {
  month?: string;
  invoice?: string;
  window?: string;
  limit?: number;
}

/** `tow bill explain LINE`: the minutes that a line is the sum of; with `--window` the requests of one. */
export const billExplain = defineCommand<[string], Options>({
  calls: ['GET /v1/bill/windows', 'GET /v1/bill/windows/{window}/requests'],
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
