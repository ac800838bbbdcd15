import { countOf, monthOf, refuseIfAny, type Interval, type PricePlan, type WindowCount } from '#libs/domain';
import { findBillPeriods, type StoredInvoice } from '#libs/store';
import type { Call } from '../call/call.js';
import { storedInvoice } from '../invoice/invoice.queries.js';

export interface LineInput {
  line: string;
  month?: string | undefined;
  invoice?: string | undefined;
}

/** A line of a bill or an invoice, and when its price was in force. */
export interface BilledLine {
  plan: PricePlan;
  item: string;
  spans: Interval[];
  /** What windows count for it; absent for a fee. */
  count: WindowCount | undefined;
  month: string;
  /** Absent of a bill. */
  invoice: StoredInvoice | undefined;
  /** Whether it is what an invoice says of a month that another one had said something of. */
  isCorrection: boolean;
}

/**
 * The line that is meant: a price item, or `plan/version/item` where versions share it; of a correction
 * `month/plan/version/item`.
 * @throws TowpathError INVALID_ARGUMENT when the bill has no such line or several
 */
export async function lineOfBill(call: Call, input: LineInput): Promise<BilledLine> {
  const { tx, actor, now } = call;
  const { organizationId } = actor;
  const { month, invoice } = input;
  if (month !== undefined && invoice !== undefined)
    refuseIfAny([{ field: 'invoice', message: 'must not be given with a month: an invoice has its own' }]);
  const stored = invoice === undefined ? undefined : await storedInvoice(call, organizationId, invoice);
  const own = stored?.invoice.month ?? month ?? monthOf(now);
  const { of, named } = monthMeant(input, own);
  const periods = await findBillPeriods(tx, organizationId, of);
  const plans = [...new Map(periods.map(({ plan }) => [`${plan.id}/${plan.version}`, plan])).values()];
  const { plan, item } = oneOf(plans, named);
  const spans = periods.filter((one) => one.plan.id === plan.id && one.plan.version === plan.version);
  return {
    ...{ plan, item, spans, month: of, invoice: stored, isCorrection: stored !== undefined && of !== own },
    count: countOf(plan, item),
  };
}

/** A line may say its month; of a bill that is then the bill's. */
function monthMeant({ line, month }: LineInput, own: string): { of: string; named: string } {
  const [, of = own, named = line] = /^(\d{4}-\d{2})\/(.+)$/.exec(line) ?? [];
  if (month !== undefined && month !== of)
    refuseIfAny([{ field: 'month', message: `must be ${of} or absent: the line says its month` }]);
  return { of, named };
}

/** The same, where the plan is known. */
export function lineOfWindow(plan: PricePlan, line: string): Pick<BilledLine, 'item' | 'count'> {
  const { item } = oneOf([plan], line.replace(/^\d{4}-\d{2}\//, ''));
  return { item, count: countOf(plan, item) };
}

function oneOf(plans: readonly PricePlan[], line: string): { plan: PricePlan; item: string } {
  const lines = plans.flatMap((plan) =>
    [...plan.items, ...plan.fees].map(({ id: item }) => ({
      ...{ plan, item },
      names: [item, `${plan.id}/${plan.version}/${item}`],
    })),
  );
  const found = lines.filter(({ names }) => names.includes(line));
  const [first] = found;
  const full = (list: typeof lines): string => list.map(({ names }) => names[1]).join(', ');
  if (!first) refuseIfAny([{ field: 'line', message: `must be one of ${full(lines)}` }]);
  if (found.length > 1)
    refuseIfAny([{ field: 'line', message: `is several lines; say one of ${full(found)}` }]);
  return first as (typeof lines)[number];
}
