import { resolve } from 'node:path';
import { LONG_MS } from '../../client/client.js';
import type { PlanPreviewView } from '../../client/money.types.js';
import type { Page } from '../../client/wire.types.js';
import { defineCommand } from '../../command.js';
import { usageError } from '../../exit.js';
import { readPlanDocuments } from '../../rate/plan.file.js';

const PAGE = 100;

/** `tow plans preview FILE` (platform operator): nothing is stored. */
export const plansPreview = defineCommand<[string], { month?: string; everybody?: boolean }>({
  calls: ['POST /v1/price-plans/preview'],
  declare(command) {
    command
      .argument('<file>', 'one version of a price plan, YAML or JSON')
      .option('--month <month>', 'which month (UTC), e.g. 2026-11; default the last one')
      .option('--everybody', 'also organizations that have another plan');
  },
  async run(tow, [file], { month, everybody }) {
    const [document, ...more] = (await readPlanDocuments(resolve(tow.io.cwd, file))).documents;
    if (more.length > 0) throw usageError(`${file} holds several versions: preview one at a time.`);
    const client = await tow.client();
    const rows: PlanPreviewView[] = [];
    let cursor: string | undefined;
    do {
      const body = { document, month, everybody, limit: PAGE, cursor };
      const page: Page<PlanPreviewView> = await client.post('/v1/price-plans/preview', body, LONG_MS);
      rows.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    tow.out.list(rows, COLUMNS, 'There is no organization.');
    return undefined;
  },
});

const COLUMNS = {
  ORGANIZATION: ({ id }: PlanPreviewView) => id,
  NAME: ({ name }: PlanPreviewView) => name,
  PLAN: ({ plan }: PlanPreviewView) => plan,
  BEFORE: ({ before }: PlanPreviewView) => before,
  AFTER: ({ after }: PlanPreviewView) => after,
  CURRENCY: ({ currency }: PlanPreviewView) => currency,
};
