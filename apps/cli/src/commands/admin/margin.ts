import { listAll } from '../../client/pages.js';
import type { MarginView } from '../../client/money.types.js';
import { defineCommand } from '../../command.js';

type Row = Omit<MarginView, 'clusters'> & MarginView['clusters'][number];

/** `tow admin margin` (platform operator): what was billed against what ran, by organization and cluster. */
export const adminMargin = defineCommand<[], { month?: string }>({
  calls: ['GET /v1/margins'],
  declare(command) {
    command.option('--month <month>', 'which month (UTC), e.g. 2026-11; default this one');
  },
  async run(tow, _args, { month }) {
    const margins = await listAll<MarginView>(await tow.client(), '/v1/margins', { month });
    const rows = margins.flatMap(({ clusters, ...one }) =>
      clusters.map((cluster): Row => ({ ...one, ...cluster, name: cluster.name ?? '' })),
    );
    tow.out.list(rows, COLUMNS, 'Nothing ran in that month.');
    return undefined;
  },
});

const COLUMNS = {
  ORGANIZATION: ({ id }: Row) => id,
  CLUSTER: ({ name }: Row) => name,
  'BILLED S': ({ billedSeconds }: Row) => billedSeconds,
  'RAN S': ({ instanceSeconds }: Row) => instanceSeconds,
  AMOUNT: ({ amount }: Row) => amount,
  COST: ({ cost }: Row) => cost,
  MARGIN: ({ margin }: Row) => margin,
  CURRENCY: ({ currency }: Row) => currency,
};
