import type { LedgerSealView } from '../../client/ledger.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow ledger seals`: oldest first. */
export const ledgerSeals = listCommand<LedgerSealView>({
  calls: ['GET /v1/ledger/seals'],
  address: () => Promise.resolve('/v1/ledger/seals'),
  columns: {
    NUMBER: (seal) => String(seal.number),
    TIME: (seal) => shortTime(seal.sealedAt),
    KIND: (seal) => seal.kind,
    WINDOW: (seal) => (seal.window === undefined ? '' : shortTime(seal.window)),
    LINES: (seal) => String(seal.lines),
    ENTRIES: (seal) => String(seal.entries),
    HASH: (seal) => seal.hash,
  },
  nothing: 'Nothing is sealed yet: an hour of usage closes an hour after its end.',
});
