import type { LedgerEntryView } from '../../client/ledger.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow ledger entries`: newest first. */
export const ledgerEntries = listCommand<LedgerEntryView>({
  calls: ['GET /v1/ledger/entries'],
  usual: 50,
  address: () => Promise.resolve('/v1/ledger/entries'),
  columns: {
    ID: (entry) => entry.id,
    TIME: (entry) => shortTime(entry.createdAt),
    KIND: (entry) => entry.kind,
    WINDOW: (entry) => (entry.window === undefined ? '' : shortTime(entry.window)),
    POSTINGS: (entry) => entry.postings.map(({ account, amount }) => `${account} ${amount}`).join(', '),
    CURRENCY: (entry) => entry.currency,
    NOTE: (entry) => entry.note ?? '',
  },
  nothing: 'The ledger is empty: an hour of usage closes an hour after its end.',
});
