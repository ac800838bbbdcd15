import { formatRatio, type LedgerAccount, type SignedDay } from '#libs/domain';
import {
  lastDay,
  lastSeal,
  ledgerBalances,
  listEntries as listStored,
  listSeals as listStoredSeals,
  publicSigningKeys,
  type PageRequest,
} from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { iso, isoIf } from '../call/scalars.js';
import type { entryView, ledgerDayView, ledgerView, sealView } from './ledger.view.js';

/** What is on each account, where the chain of seals ends, and what it is signed with. */
export async function readLedger({ tx, actor }: Call): Promise<z.input<typeof ledgerView>> {
  const { organizationId } = actor;
  const balances = await ledgerBalances(tx, organizationId);
  const head = await lastSeal(tx, organizationId);
  const ended = await lastDay(tx, organizationId);
  const keys = await publicSigningKeys(tx, 'ledger', 0);
  return {
    accounts: [...balances].flatMap(([currency, accounts]) =>
      postingsOf(
        currency,
        [...accounts].map(([account, amount]) => ({ account, amount })),
      ),
    ),
    ...(head === undefined ? {} : { head: head.hash, seals: head.number }),
    ...(ended && { day: dayOf(ended) }),
    keys: keys.map(({ kid }) => kid),
  };
}

function dayOf({ day, last, head, hash, kid, signature }: SignedDay): z.input<typeof ledgerDayView> {
  return { day, seals: last, head, hash, kid, signature };
}

/** Newest first. */
export async function listEntries(
  { tx, actor }: Call,
  page: PageRequest,
): Promise<z.input<typeof entryView>[]> {
  const entries = await listStored(tx, actor.organizationId, page);
  return entries.map((entry) => ({
    id: entry.id,
    kind: entry.kind,
    currency: entry.currency,
    ...isoIf('window', entry.windowStartMs),
    ...(entry.reference === undefined ? {} : { reference: entry.reference }),
    actor: entry.actorId,
    ...(entry.note === undefined ? {} : { note: entry.note }),
    ...(entry.sealNumber === undefined ? {} : { seal: entry.sealNumber }),
    createdAt: iso(entry.createdAt),
    postings: postingsOf(entry.currency, entry.postings),
  }));
}

/** In the order in which they were made. */
export async function listSeals(
  { tx, actor }: Call,
  { after, limit }: PageRequest,
): Promise<z.input<typeof sealView>[]> {
  const seals = await listStoredSeals(tx, actor.organizationId, { after: Number(after ?? 0), limit });
  return seals.map(({ number, kind, windowStartMs, position, lines, entries, root, hash, sealedAt }) => ({
    ...{ number, kind, position: String(position), lines, entries, root, hash },
    ...isoIf('window', windowStartMs),
    sealedAt: iso(sealedAt),
  }));
}

function postingsOf(
  currency: string,
  postings: readonly { account: LedgerAccount; amount: Parameters<typeof formatRatio>[0] }[],
) {
  return postings.map(({ account, amount }) => ({ account, amount: formatRatio(amount), currency }));
}
