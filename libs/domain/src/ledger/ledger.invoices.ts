import type { Invoice } from '../billing/invoice.js';
import { parseDecimal, type Decimal } from '../price/decimal.js';
import { NOTHING, minus, parseRatio, plus, ratioOf, total, type Ratio } from '../price/ratio.js';
import { owing, type NewEntry } from './ledger.entries.js';

/**
 * The entry of an invoice or credit note: what an organization owes becomes what it is asked for. Windows owe their usage
 * at list price as they close; grants, tiers, discounts and corrections are adjustments.
 * @param unasked what closed windows owe at list price and no invoice before asked for; nothing for a credit note
 */
export function entryOfInvoice(id: string, invoice: Invoice, unasked: Ratio): NewEntry {
  const { kind, currency, lines, corrections, taxes, credits } = invoice;
  const list = total(lines.map((line) => parseRatio(line.list)));
  const exact = total(lines.map((line) => parseRatio(line.amount)));
  const charged = money(lines.map((line) => line.charged));
  const corrected = money(corrections.map((line) => line.charged));
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

/** The entry of a payment: less is owed; more when money went back. */
export function entryOfPayment(id: string, amount: Decimal, currency: string): NewEntry {
  const postings = owing('payments', minus(NOTHING, ratioOf(amount)));
  return { key: `payment/${id}`, kind: 'payment', currency, reference: id, postings };
}

function money(list: readonly string[]): Ratio {
  return total(list.map((text) => ratioOf(parseDecimal(text))));
}
