import { createHash } from 'node:crypto';
import {
  chainedRow,
  dayRow,
  endRow,
  entryRow,
  headRow,
  lineRow,
  sealRow,
  type LedgerRow,
} from '#libs/domain';
import {
  entriesOfSeals,
  lastDay,
  lastSeal,
  linesOfSeals,
  listDays,
  listSeals,
  publicSigningKeys,
} from '#libs/store';
import type { Call } from '../call/call.js';

/** Seals read in one transaction. */
const PAGE = 50;

/** Runs a reading in a short transaction of its own, bound to the organization. */
type Reading = <T>(work: (call: Call) => Promise<T>) => Promise<T>;

/**
 * The organization's ledger as lines of JSON, from the seal after that number to the last one there is now: what
 * `tow admin ledger verify` checks. Never more than a page is held.
 */
export async function* ledgerExport(read: Reading, after: number): AsyncGenerator<Uint8Array> {
  let chain = '';
  const encoder = new TextEncoder();
  for await (const row of rowsOf(read, after)) {
    const made = chainedRow(row, chain, sha256);
    ({ chain } = made);
    yield encoder.encode(`${made.text}\n`);
  }
}

async function* rowsOf(read: Reading, after: number): AsyncGenerator<LedgerRow> {
  const from = await read(({ tx, actor }) => startOf(tx, actor.organizationId, after));
  yield headRow({ organizationId: from.organizationId, first: after + 1, ...from.head });
  let { previous } = from.head;
  let last = after;
  let days = 0;
  while (last < from.upTo) {
    const page = await read(({ tx, actor }) => pageOf(tx, actor.organizationId, last, from.upTo));
    yield* page.rows;
    days += page.days;
    last = page.last;
    previous = page.hash;
  }
  yield endRow({ seals: last - after, head: previous, days });
}

type Tx = Call['tx'];

async function startOf(tx: Tx, organizationId: string, after: number) {
  const [before] = after === 0 ? [] : await listSeals(tx, organizationId, { after: after - 1, limit: 1 });
  const keys = await publicSigningKeys(tx, 'ledger', 0);
  const upTo = (await lastSeal(tx, organizationId))?.number ?? 0;
  const day = await lastDay(tx, organizationId, after);
  const head = {
    ...{ previous: before?.hash ?? '', keys: keys.map(({ jwk }) => jwk) },
    ...{ firstOfDay: (day?.last ?? 0) + 1, previousDay: day?.hash ?? '' },
  };
  return { organizationId, upTo, head };
}

async function pageOf(tx: Tx, organizationId: string, after: number, upTo: number) {
  const seals = await listSeals(tx, organizationId, { after, upTo, limit: PAGE });
  const numbers = seals.map(({ number }) => number);
  const lines = Map.groupBy(await linesOfSeals(tx, organizationId, numbers), ({ sealNumber }) => sealNumber);
  const entries = Map.groupBy(
    await entriesOfSeals(tx, organizationId, numbers),
    ({ sealNumber }) => sealNumber ?? 0,
  );
  const days = await listDays(tx, organizationId, { first: after + 1, last: numbers.at(-1) ?? after });
  const rows = seals.flatMap((seal) => {
    const own = lines.get(seal.number) ?? [];
    return [
      ...own.map(({ line, ordinal }) => lineRow(seal.number, ordinal, line)),
      ...(entries.get(seal.number) ?? []).map((one, i) => entryRow(seal.number, own.length + i, one)),
      sealRow(seal),
      ...days.filter((day) => day.last === seal.number).map(dayRow),
    ];
  });
  const last = seals.at(-1);
  if (last === undefined) throw new Error(`seals after ${after} are not there`);
  return { rows, last: last.number, hash: last.hash, days: days.length };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
