import { z } from 'zod';
import { definePage } from '../call/page.js';
import { billedMonth } from '../call/scalars.js';
import { listMargins } from './margin.queries.js';
import { marginView } from './margin.view.js';

export const marginOperations = [
  definePage({
    name: 'margins.list',
    permission: 'plan.read',
    rest: { method: 'GET', path: '/v1/margins', status: 200 },
    graphql: 'margins',
    summary:
      'What each organization was billed in a month against what its instances cost, by cluster (platform operators).',
    input: z.strictObject({
      month: billedMonth.describe('A UTC month like `2026-11`; this month when absent.'),
    }),
    item: marginView,
    key: 'id',
    handler: listMargins,
  }),
];
