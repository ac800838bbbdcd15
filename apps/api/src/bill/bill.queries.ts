import { billItems, billOf, monthOf, type Bill, type BillItem } from '#libs/domain';
import { askedBesides, findBillFacts, findMonthInvoice } from '#libs/store';
import type { Call } from '../call/call.js';

/** Exact inside, decimal text outside; made anew from usage at every call. */
export async function readBill(call: Call, input: { month?: string | undefined }): Promise<Bill> {
  const { tx, actor, now } = call;
  const month = input.month ?? monthOf(now);
  const { parts, terms } = await findBillFacts(tx, actor.organizationId, month);
  const stored = await findMonthInvoice(tx, actor.organizationId, month);
  const of = { month, stored };
  const besides = await askedBesides(tx, actor.organizationId, of, parts.at(-1)?.plan);
  return billOf(month, parts, { ...terms, ...besides });
}

/** What a month's bill asks for, item by item, without what pays for it or what it would be under another model. */
export async function readBillItems({ tx, actor }: Call, month: string): Promise<BillItem[]> {
  const { parts } = await findBillFacts(tx, actor.organizationId, month);
  return billItems(parts);
}
