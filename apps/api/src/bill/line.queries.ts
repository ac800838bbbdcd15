import { explainedLine, formatDecimal, parseDecimal, sum, type StatedLine } from '#libs/domain';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { readBillItems } from './bill.queries.js';
import { lineOfBill, type BilledLine, type LineInput } from './explain.line.js';
import type { explainedLineView } from './line.view.js';

/**
 * One line from list price to what is asked for it; of a fee also when it was held. Of an invoice as it says; of a
 * correction the line as its month stands now, and what the invoice asks for besides.
 */
export async function explainWholeLine(
  call: Call,
  input: LineInput,
): Promise<z.input<typeof explainedLineView>> {
  const line = await lineOfBill(call, input);
  const { fee, charged, ...explained } = explainedLine(line, await statedLines(call, line), line.spans);
  return {
    ...explained,
    charged: line.isCorrection ? correctedBy(line) : charged,
    ...(fee && {
      fee: {
        ...{ amount: fee.amount, prorated: fee.prorated, formula: fee.formula },
        held: fee.held.map(({ startMs, endMs }) => ({ from: iso(startMs), to: iso(endMs) })),
        ...{ heldMs: String(fee.heldMs), monthMs: String(fee.monthMs) },
      },
    }),
  };
}

async function statedLines(
  call: Call,
  { month, invoice, isCorrection }: BilledLine,
): Promise<readonly StatedLine[]> {
  if (invoice && !isCorrection) return invoice.invoice.lines;
  return readBillItems(call, month);
}

function correctedBy({ invoice, month, plan, item }: BilledLine): string {
  const own = invoice?.invoice.corrections.filter(
    (one) => one.month === month && one.plan === plan.id && one.version === plan.version && one.item === item,
  );
  return formatDecimal(sum((own ?? []).map(({ charged }) => parseDecimal(charged))), plan.decimals);
}
