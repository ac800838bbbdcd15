import { billOf, monthOf, type Bill } from '#libs/domain';
import { adjustmentsOfMonth, findBillFacts } from '#libs/store';
import type { Call } from '../call/call.js';

/** Exact inside, decimal text outside; made anew from usage at every call. */
export async function readBill(call: Call, input: { month?: string | undefined }): Promise<Bill> {
  const month = input.month ?? monthOf(call.now);
  const { parts, terms } = await findBillFacts(call.tx, call.actor.organizationId, month);
  const adjustments = await adjustmentsOfMonth(call.tx, call.actor.organizationId, month, parts.at(-1)?.plan);
  return billOf(month, parts, { ...terms, adjustments });
}
