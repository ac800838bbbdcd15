import type { BillingAccountView, BuyerView, TermsView } from '../../client/money.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { organizationOf } from '../../own-organization.js';
import { shortTime } from '../../output/time.js';
import type { Tow } from '../../tow.js';

/** `tow billing describe [ORGANIZATION]` */
export const billingDescribe = defineCommand<[string | undefined], object>({
  calls: ['GET /v1/organizations/{organization}/billing-account', 'GET /v1/whoami'],
  declare(command) {
    command.argument('[organization]', 'id; default your own');
  },
  async run(tow, [named]) {
    const id = await organizationOf(tow, named);
    const client = await tow.client();
    showAccount(tow, await client.get<BillingAccountView>(path`/v1/organizations/${id}/billing-account`));
    return undefined;
  },
});

/** `tow billing update [ORGANIZATION]`: the whole block of the buyer is replaced. */
export const billingUpdate = defineCommand<[string | undefined], BuyerView>({
  calls: ['PATCH /v1/organizations/{organization}/billing-account', 'GET /v1/whoami'],
  declare(command) {
    command
      .argument('[organization]', 'id; default your own')
      .requiredOption('--name <name>', 'who is asked to pay')
      .requiredOption('--address <line...>', 'lines of the address')
      .requiredOption('--country <code>', 'two letters, e.g. DE')
      .option('--email <address>', 'where questions about invoices go')
      .option('--tax-id <id>', 'number that the tax office knows the buyer by')
      .option('--reference <text>', 'your own words for the order');
  },
  async run(tow, [named], { name, address, country, email, taxId, reference }) {
    const id = await organizationOf(tow, named);
    const body = { buyer: { name, address, country, email, taxId, reference } };
    const client = await tow.client();
    showAccount(
      tow,
      await client.patch<BillingAccountView>(path`/v1/organizations/${id}/billing-account`, body),
    );
    return undefined;
  },
});

/** The account, its terms one a line. */
export function showAccount(tow: Tow, account: BillingAccountView): void {
  const { organization, currency, buyer, terms } = account;
  const lines = terms.map((each): [string, string] => [
    each.effectiveFrom === undefined ? 'Terms' : `Terms from ${shortTime(each.effectiveFrom) ?? ''}`,
    termsText(each),
  ]);
  tow.out.thing(account, {
    Organization: organization,
    Currency: currency,
    Buyer: buyer && [buyer.name, ...buyer.address, buyer.country].join(', '),
    'Tax id': buyer?.taxId,
    'E-mail': buyer?.email,
    Reference: buyer?.reference,
    ...Object.fromEntries(lines),
  });
}

function termsText({ plan, discountPercent, taxes, inForce }: TermsView): string {
  const parts = [
    `plan ${plan}`,
    ...(discountPercent === '0' ? [] : [`${discountPercent} % off`]),
    ...taxes.map(({ name, percent }) => `${name} ${percent} %`),
    ...(inForce ? ['in force'] : []),
  ];
  return parts.join(', ');
}
