import type { PlanVersionView } from '../../client/money.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow plans list` (platform operator) */
export const plansList = listCommand<PlanVersionView>({
  calls: ['GET /v1/price-plans'],
  address: () => Promise.resolve('/v1/price-plans'),
  columns: {
    PLAN: ({ plan }) => plan,
    VERSION: ({ version }) => version,
    NAME: ({ name }) => name,
    CURRENCY: ({ currency }) => currency,
    MODEL: ({ model }) => model,
    FROM: ({ effectiveFrom }) => shortTime(effectiveFrom),
    STORED: ({ createdAt, builtIn }) => (builtIn ? 'built in' : shortTime(createdAt)),
  },
  nothing: 'There is no price plan.',
});
