import { defineCommand } from '../command.js';
import type { UsageView } from '../client/wire.types.js';

interface UsageFlags {
  service?: string;
  from?: string;
  to?: string;
}

type Row = Pick<
  UsageView,
  'service' | 'revision' | 'day' | 'requests' | 'blocks' | 'billableMs' | 'perRequestUnits'
>;

/** `tow usage`: requests and units of 100 ms by service, revision and day. */
export const usage = defineCommand<[], UsageFlags>({
  calls: ['GET /v1/projects/{project}/usage'],
  declare(command) {
    command
      .option('--service <name>', 'only of this service')
      .option('--from <day>', 'from this day (UTC), e.g. 2026-11-01')
      .option('--to <day>', 'to this day (UTC)');
  },
  async run(tow, _args, { service, from, to }) {
    const address = `${await tow.projectPath()}/usage`;
    const client = await tow.client();
    const { items: rows } = await client.get<{ items: UsageView[] }>(address, { service, from, to });
    if (tow.out.json) {
      tow.out.value(rows);
      return undefined;
    }
    tow.out.list<Row>(rows.length > 1 ? [...rows, totalOf(rows)] : rows, columns, 'Nothing was used yet.');
    return undefined;
  },
});

const columns = {
  DAY: (row: Row) => row.day,
  SERVICE: (row: Row) => row.service,
  REVISION: (row: Row) => row.revision,
  REQUESTS: (row: Row) => row.requests,
  '100 MS UNITS': (row: Row) => row.blocks,
  'BILLABLE MS': (row: Row) => row.billableMs,
  'UNITS IF PER REQUEST': (row: Row) => row.perRequestUnits,
};

/** Sums of exact integers: they come as strings and are never JS numbers. */
function totalOf(rows: readonly Row[]): Row {
  const sum = (of: (row: Row) => string): string =>
    String(rows.reduce((all, row) => all + BigInt(of(row)), 0n));
  return {
    day: 'total',
    service: '',
    revision: '',
    requests: sum((row) => row.requests),
    blocks: sum((row) => row.blocks),
    billableMs: sum((row) => row.billableMs),
    perRequestUnits: sum((row) => row.perRequestUnits),
  };
}
