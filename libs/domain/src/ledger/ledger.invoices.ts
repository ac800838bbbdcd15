import type { Credit } from '../billing/credit.js';
import type { Invoice } from '../billing/invoice.js';
import { parseDecimal, type Decimal } from '../price/decimal.js';
import { NOTHING, minus, parseRatio, plus, ratioOf, total, type Ratio } from '../price/ratio.js';
import { owing, type NewEntry } from './ledger.entries.js';

/**
 * The entry of an invoice or credit note: what an organization owes becomes what it is asked for. Windows owe their usage
 * at list price as they close; grants, tiers, discounts and corrections are adjustments. An operator's adjustments and credits
 * are owed or not from when they were made: the invoice only asks for them. Its credit note takes adjustments back.
 * @param posted `unasked`: what closed windows owe at list price and no invoice before asked for; nothing for a credit note.
 * `credits`: those that the ledger has since they were given
 */
export function entryOfInvoice(
  id: string,
  invoice: Invoice,
  { unasked, credits: given }: { unasked: Ratio; credits: ReadonlySet<string> },
): NewEntry {
  const { kind, currency, lines, corrections, taxes } = invoice;
  const credits = invoice.credits.filter((credit) => !given.has(credit.id));
  const takenBack = kind === 'credit_note' ? (invoice.adjustments ?? []) : [];
  const list = total(lines.map((line) => parseRatio(line.list)));
  const exact = total(lines.map((line) => parseRatio(line.amount)));
  const charged = money(lines.map((line) => line.charged));
  const corrected = money([...corrections, ...takenBack].map((line) => line.charged));
  return {
    ...{ key: `invoice/${id}`, kind, currency, reference: id },
    postings: [
      ...owing('charges', minus(list, unasked)),
      ...owing('adjustments', plus(minus(exact, list), corrected)),
      ...owing('rounding', minus(charged, exact)),
      ...owing('tax', money(taxes.map(({ amount }) => amount))),
      ...owing('credits', minus(NOTHING, money(credits.map(({ amount }) => amount)))),
    ],
  };
}

/** The entry of what an operator adds, or takes off (below 0), once by its key. */
export function entryOfAdjustment(key: string, amount: Decimal, currency: string): NewEntry {
  return {
    ...{ key: `adjustment/${key}`, kind: 'adjustment', currency },
    postings: owing('adjustments', ratioOf(amount)),
  };
}

/** The entry of a credit that is given: less is owed from then on. */
export function entryOfCredit({
  id,
  amount,
  currency,
}: Pick<Credit, 'id' | 'amount' | 'currency'>): NewEntry {
  const postings = owing('credits', minus(NOTHING, ratioOf(amount)));
  return { key: creditKey(id), kind: 'credit', currency, reference: id, postings };
}

/** By what a credit is found in the ledger; one of before the ledger had credits is not there. */
export function creditKey(id: string): string {
  return `credit/${id}`;
}

/**
 * The entry of what nobody can use of a credit any more: it was revoked, or expired.
 * @param entries how many there are of the credit already: an invoice that is taken back may end some of it again
 */
export function entryOfCreditEnd(
  { id, currency }: Pick<Credit, 'id' | 'currency'>,
  lost: Decimal,
  entries: number,
): NewEntry {
  const key = `${creditKey(id)}/ended/${entries}`;
  return { key, kind: 'credit', currency, reference: id, postings: owing('credits', ratioOf(lost)) };
}

/** The entry of a payment: less is owed; more when money went back. */
export function entryOfPayment(id: string, amount: Decimal, currency: string): NewEntry {
  const postings = owing('payments', minus(NOTHING, ratioOf(amount)));
  return { key: `payment/${id}`, kind: 'payment', currency, reference: id, postings };
}

function money(list: readonly string[]): Ratio {
  return total(list.map((text) => ratioOf(parseDecimal(text))));
}
