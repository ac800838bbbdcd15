import type { LedgerView } from '../../client/ledger.types.js';
import { defineCommand } from '../../command.js';
import { accountFields } from '../../ledger/account.fields.js';

/** `tow ledger show`: what is on each account, and where the chain of seals ends. */
export const ledgerShow = defineCommand<[], object>({
  calls: ['GET /v1/ledger'],
  declare: () => undefined,
  async run(tow) {
    const ledger = await (await tow.client()).get<LedgerView>('/v1/ledger');
    tow.out.thing(ledger, {
      ...accountFields(ledger.accounts),
      Seals: ledger.seals ?? 0,
      Head: ledger.head,
      'Last day': ledger.day && `${ledger.day.day}, ${ledger.day.hash}`,
      'Signed by': ledger.keys.join(', '),
    });
    return undefined;
  },
});
