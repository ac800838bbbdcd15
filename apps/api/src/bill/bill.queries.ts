import { BUILTIN_PLAN, billOf, monthOf, monthSpan, type Bill } from '#libs/domain';
import { usageByDay } from '#libs/store';
import type { Call } from '../call/call.js';

/** Exact inside, decimal text outside; made anew from usage at every call. */
export async function readBill(call: Call, input: { month?: string | undefined }): Promise<Bill> {
  const month = input.month ?? monthOf(call.now);
  const { startMs, endMs } = monthSpan(month);
  const { organizationId } = call.actor;
  return billOf(
    BUILTIN_PLAN,
    month,
    await usageByDay(call.tx, { organizationId, fromMs: startMs, toMs: endMs }),
  );
}
