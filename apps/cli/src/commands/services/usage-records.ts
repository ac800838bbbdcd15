import { defineCommand } from '../../command.js';
import { listAll } from '../../client/pages.js';
import type { UsageRecordView } from '../../client/wire.types.js';
import { wholeNumber } from '../../flags/quantity.js';

interface Flags {
  limit?: number;
  from?: string;
  to?: string;
}

/** `tow services usage-records`: what the usage is counted from, one line a request. */
export const servicesUsageRecords = defineCommand<[string], Flags>({
  calls: ['GET /v1/projects/{project}/services/{service}/usage-records'],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option('--from <day>', 'from this day (UTC), e.g. 2026-11-01')
      .option('--to <day>', 'to this day (UTC)')
      .option('--limit <n>', 'print so many at most', wholeNumber('--limit'));
  },
  async run(tow, [name], { limit, from, to }) {
    const address = `${await tow.servicePath(name)}/usage-records`;
    const records = await listAll<UsageRecordView>(await tow.client(), address, { from, to }, limit);
    tow.out.list(
      records,
      {
        START: (record) => record.start,
        END: (record) => record.end,
        REVISION: (record) => record.revision,
        STATUS: (record) => record.status,
        BILLABLE: (record) => (record.billable ? 'yes' : `no: ${record.notBillableReason ?? ''}`),
        ID: (record) => record.id,
      },
      'Nothing was metered yet.',
    );
    return undefined;
  },
});
