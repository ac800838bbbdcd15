import type { AdjustmentView } from '../../client/money.types.js';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { organizationOf } from '../../own-organization.js';
import { shortTime } from '../../output/time.js';

interface AdjustFlags {
  amount: string;
  currency: string;
  reason: string;
  reference?: string;
}

/** `tow ledger adjustments [ORGANIZATION]`: newest first. */
export const ledgerAdjustments = defineCommand<[string | undefined], object>({
  calls: ['GET /v1/organizations/{organization}/adjustments', 'GET /v1/whoami'],
  declare(command) {
    command.argument('[organization]', 'id; default your own');
  },
  async run(tow, [named]) {
    const id = await organizationOf(tow, named);
    const address = path`/v1/organizations/${id}/adjustments`;
    const rows = await listAll<AdjustmentView>(await tow.client(), address);
    tow.out.list(rows, COLUMNS, 'Nothing was adjusted.');
    return undefined;
  },
});

/** `tow ledger adjust ORGANIZATION --amount -12.50 --currency USD --reason TEXT` (platform operator) */
export const ledgerAdjust = defineCommand<[string], AdjustFlags>({
  calls: ['POST /v1/organizations/{organization}/adjustments'],
  declare(command) {
    command
      .argument('<organization>', 'id of the organization')
      .requiredOption('--amount <decimal>', 'how much before taxes, e.g. 12.50; below 0 less is owed')
      .requiredOption('--currency <code>', 'the currency the organization is billed in, e.g. USD')
      .requiredOption('--reason <text>', 'why; the organization reads it')
      .option('--reference <id>', 'what you call it; the same one is made once');
  },
  async run(tow, [organization], { amount, currency, reason, reference }) {
    const address = path`/v1/organizations/${organization}/adjustments`;
    const body = { amount, currency, reason, reference };
    const made = await (await tow.client()).post<AdjustmentView>(address, body);
    tow.out.line(made, made.id);
    return undefined;
  },
});

const COLUMNS = {
  ID: ({ id }: AdjustmentView) => id,
  TIME: ({ createdAt }: AdjustmentView) => shortTime(createdAt),
  AMOUNT: ({ amount }: AdjustmentView) => amount,
  CURRENCY: ({ currency }: AdjustmentView) => currency,
  REASON: ({ reason }: AdjustmentView) => reason ?? '',
  REFERENCE: ({ reference }: AdjustmentView) => reference ?? '',
  INVOICE: ({ invoice }: AdjustmentView) => invoice ?? '',
};
