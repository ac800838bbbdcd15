import { LONG_MS, type Client } from '../../client/client.js';
import type {
  ExplainedLineView,
  ExplainedRequestView,
  ExplainedWindowView,
} from '../../client/explain.types.js';
import { listFirst } from '../../client/pages.js';
import { path, type Query } from '../../client/path.js';
import { connectionProblem } from '../../client/problem.js';
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
 * was held; with `--window` the requests of one minute, of time of instances what each instance did in it. As JSON the line with its `windows`.
 */
export const billExplain = defineCommand<[string], Options>({
  calls: [
    'GET /v1/bill/line',
    'GET /v1/bill/windows',
    'GET /v1/bill/windows/export',
    'GET /v1/bill/windows/{window}/requests',
  ],
  declare(command) {
    command
      .argument('<line>', 'a price item; plan/version/item; of a correction month/plan/version/item')
      .option('--month <month>', 'of the bill of a month (UTC), e.g. 2026-11; default the current one')
      .option('--invoice <invoice>', 'of an invoice, by number or id, as it counted them')
      .option('--window <id>', 'the requests of this minute instead of the minutes')
      .option(
        '--limit <n>',
        `print so many at most; default ${SHOWN}, with --json all`,
        wholeNumber('--limit'),
      );
  },
  async run(tow, [line], { month, invoice, window, limit }) {
    const client = await tow.client();
    const most = limit ?? (tow.out.json ? undefined : SHOWN);
    if (window === undefined) {
      const query = { line, month, invoice };
      const whole = await client.get<ExplainedLineView>('/v1/bill/line', query);
      const { items: windows, hasMore } = whole.fee
        ? NO_MINUTES
        : most === undefined
          ? { items: await allMinutes(client, query), hasMore: false }
          : await listFirst<ExplainedWindowView>(client, '/v1/bill/windows', query, most);
      if (tow.out.json) tow.out.value({ ...whole, windows });
      else show(tow, whole, windows);
      sayMore(tow, hasMore);
      return undefined;
    }
    const address = path`/v1/bill/windows/${window}/requests`;
    const bearers = { line, invoice };
    const { items: rows, hasMore } = await listFirst<ExplainedRequestView>(client, address, bearers, most);
    const columns = rows.some(({ stretch }) => stretch) ? stretchColumns : requestColumns;
    tow.out.list(rows, columns, 'Nothing bears any of it.');
    sayMore(tow, hasMore);
    return undefined;
  },
});

/** What a fee has. */
const NO_MINUTES = { items: [], hasMore: false };

/** In one answer: of an old month each page would be counted again. */
async function allMinutes(client: Client, query: Query): Promise<ExplainedWindowView[]> {
  const answer = await client.download('/v1/bill/windows/export', query, LONG_MS);
  let text = '';
  try {
    for await (const chunk of answer.setEncoding('utf8')) text += chunk as string;
  } catch (error) {
    throw connectionProblem(error, client.where);
  }
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ExplainedWindowView);
}

/** Lines that are printed when nobody says how many. */
const SHOWN = 100;

function sayMore({ out }: Tow, hasMore: boolean): void {
  if (hasMore && !out.json) out.lines(['', 'There are more: --limit says how many, --json prints all.']);
}

type Fee = NonNullable<ExplainedLineView['fee']>;

function show({ out }: Tow, whole: ExplainedLineView, windows: readonly ExplainedWindowView[]): void {
  const { fee } = whole;
  out.lines([...(fee ? fieldsOf({ 'At list price': fee.formula }) : []), ...stepsOf(whole), '']);
  if (fee) out.list(fee.held, heldColumns, 'It is not owed.');
  else out.list(windows, windowColumns, 'Nothing was used for it.');
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

const stretchColumns = {
  INSTANCE: (row: ExplainedRequestView) => row.request,
  FROM: (row: ExplainedRequestView) => row.stretch?.from,
  TO: (row: ExplainedRequestView) => row.stretch?.to,
  STATE: (row: ExplainedRequestView) => row.stretch?.state,
  'COUNTED MS': (row: ExplainedRequestView) => row.stretch?.ms,
  QUANTITY: (row: ExplainedRequestView) => row.quantity,
  UNIT: (row: ExplainedRequestView) => row.unit,
  AMOUNT: (row: ExplainedRequestView) => row.amount,
};

const requestColumns = {
  REQUEST: (row: ExplainedRequestView) => row.request,
  BLOCKS: (row: ExplainedRequestView) => row.blocks,
  'WAITED TO': (row: ExplainedRequestView) => row.billedFrom,
  'FIRST OPENED': (row: ExplainedRequestView) => row.opened[0] ?? '',
  QUANTITY: (row: ExplainedRequestView) => row.quantity,
  UNIT: (row: ExplainedRequestView) => row.unit,
  AMOUNT: (row: ExplainedRequestView) => row.amount,
};
