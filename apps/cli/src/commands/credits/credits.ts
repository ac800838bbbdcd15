import { Option } from 'commander';
import type { CreditView } from '../../client/money.types.js';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { wholeNumber } from '../../flags/quantity.js';
import { organizationOf } from '../../own-organization.js';
import { shortTime } from '../../output/time.js';

interface CreditFlags {
  name: string;
  amount: string;
  currency: string;
  kind: string;
  priority?: number;
  expires?: string;
}

/** `tow credits list [ORGANIZATION]` */
export const creditsList = defineCommand<[string | undefined], object>({
  calls: ['GET /v1/organizations/{organization}/credits', 'GET /v1/whoami'],
  declare(command) {
    command.argument('[organization]', 'id; default your own');
  },
  async run(tow, [named]) {
    const id = await organizationOf(tow, named);
    const rows = await listAll<CreditView>(await tow.client(), path`/v1/organizations/${id}/credits`);
    tow.out.list(rows, COLUMNS, 'There is no credit.');
    return undefined;
  },
});

/** `tow credits create ORGANIZATION --name TEXT --amount 100 --currency USD` (platform operator) */
export const creditsCreate = defineCommand<[string], CreditFlags>({
  calls: ['POST /v1/organizations/{organization}/credits'],
  declare(command) {
    command
      .argument('<organization>', 'id of the organization')
      .requiredOption('--name <text>', 'what it is called on invoices')
      .requiredOption('--amount <decimal>', 'how much, e.g. 100 or 12.50')
      .requiredOption('--currency <code>', 'the currency the organization is billed in, e.g. USD')
      .addOption(
        new Option('--kind <kind>', 'paid for in advance, or given')
          .choices(['prepaid', 'promotional'])
          .default('prepaid'),
      )
      .option('--priority <n>', 'the lowest is used first (100)', wholeNumber('--priority'))
      .option('--expires <instant>', 'it pays for months that begin before, e.g. 2027-01-01T00:00:00Z');
  },
  async run(tow, [organization], { name, amount, currency, kind, priority, expires }) {
    const body = { name, amount, currency, kind, priority, expiresAt: expires };
    const address = path`/v1/organizations/${organization}/credits`;
    const credit = await (await tow.client()).post<CreditView>(address, body);
    tow.out.line(credit, credit.id);
    return undefined;
  },
});

/** `tow credits revoke ORGANIZATION CREDIT` (platform operator): what invoices have taken stays. */
export const creditsRevoke = defineCommand<[string, string], object>({
  calls: ['DELETE /v1/organizations/{organization}/credits/{credit}'],
  declare(command) {
    command.argument('<organization>', 'id of the organization').argument('<credit>', 'id of the credit');
  },
  async run(tow, [organization, id]) {
    const address = path`/v1/organizations/${organization}/credits/${id}`;
    const credit = await (await tow.client()).delete<CreditView>(address);
    tow.out.talk(`Took back ${credit.left} ${credit.currency}.`);
    tow.out.line(credit, credit.id);
    return undefined;
  },
});

const COLUMNS = {
  ID: ({ id }: CreditView) => id,
  NAME: ({ name }: CreditView) => name,
  KIND: ({ kind }: CreditView) => kind,
  AMOUNT: ({ amount }: CreditView) => amount,
  LEFT: ({ left }: CreditView) => left,
  CURRENCY: ({ currency }: CreditView) => currency,
  PRIORITY: ({ priority }: CreditView) => priority,
  EXPIRES: ({ expiresAt }: CreditView) => shortTime(expiresAt),
  REVOKED: ({ revokedAt }: CreditView) => shortTime(revokedAt),
};
