import { Option } from 'commander';
import { listAll } from '../../client/pages.js';
import type { MarginView } from '../../client/money.types.js';
import { defineCommand } from '../../command.js';
import {
  MARGIN_SUMS,
  marginRows,
  marginSums,
  type MarginRow,
  type MarginSum,
} from '../../output/margin.sums.js';

/** `tow admin margin` (platform operator): what was charged against what ran, by organization and cluster or sums by one of them. */
export const adminMargin = defineCommand<[], { month?: string; by?: MarginSum }>({
  calls: ['GET /v1/margins'],
  declare(command) {
    command
      .option('--month <month>', 'which month (UTC), e.g. 2026-11; default this one')
      .addOption(
        new Option('--by <what>', 'sums of each organization, or of each cluster').choices(MARGIN_SUMS),
      );
  },
  async run(tow, _args, { month, by }) {
    const margins = await listAll<MarginView>(await tow.client(), '/v1/margins', { month });
    const rows = marginRows(margins);
    tow.out.list(by === undefined ? rows : marginSums(rows, by), COLUMNS, 'Nothing ran in that month.');
    return undefined;
  },
});

const COLUMNS = {
  ORGANIZATION: ({ id }: MarginRow) => id,
  CLUSTER: ({ name }: MarginRow) => name,
  'BILLED S': ({ billedSeconds }: MarginRow) => billedSeconds,
  'RAN S': ({ instanceSeconds }: MarginRow) => instanceSeconds,
  'GPU S': ({ gpus }: MarginRow) => gpus.map(({ gpuClass, seconds }) => `${gpuClass}=${seconds}`).join(', '),
  LIST: ({ amount }: MarginRow) => amount,
  CHARGED: ({ charged }: MarginRow) => charged,
  COST: ({ cost, unpricedGpus }: MarginRow) =>
    unpricedGpus.length > 0 ? `no price: ${unpricedGpus.join(', ')}` : cost,
  MARGIN: ({ margin }: MarginRow) => margin,
  CURRENCY: ({ currency }: MarginRow) => currency,
};
