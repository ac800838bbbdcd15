import type { BillingAccountView } from '../../client/money.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { pairsOf } from '../../flags/pairs.js';
import { showAccount } from './account.js';

interface TermsFlags {
  plan: string;
  discountPercent?: string;
  tax?: Map<string, string>;
  from?: string;
}

/** `tow billing set-terms ORGANIZATION --plan PLAN` (platform operator) */
export const billingSetTerms = defineCommand<[string], TermsFlags>({
  calls: ['PUT /v1/organizations/{organization}/billing-terms'],
  declare(command) {
    command
      .argument('<organization>', 'id of the organization')
      .requiredOption('--plan <plan>', 'id of a price plan')
      .option('--discount-percent <percent>', 'off every charge, e.g. 12.5')
      .option('--tax <name=percent>', 'a tax on the sum, e.g. VAT=19; may be repeated', pairsOf('--tax'))
      .option(
        '--from <instant>',
        'from when on, e.g. 2026-12-01T00:00:00Z; default the next minute, or the beginning when nothing was used',
      );
  },
  async run(tow, [organization], { plan, discountPercent, tax, from }) {
    const taxes = [...(tax ?? [])].map(([name, percent]) => ({ name, percent }));
    const body = { plan, discountPercent, taxes, effectiveFrom: from };
    const address = path`/v1/organizations/${organization}/billing-terms`;
    showAccount(tow, await (await tow.client()).put<BillingAccountView>(address, body));
    return undefined;
  },
});
