import { createHash } from 'node:crypto';
import {
  billOf,
  decimalOf,
  invoiceOf,
  monthOf,
  monthSpan,
  parseDecimal,
  refuseUncounted,
  rezones,
  underModel,
  type Bill,
  type BillPart,
  type BillTerms,
  type Credit,
  type Invoice,
  type InvoiceHead,
  type PricePlan,
} from '#libs/domain';
import {
  askedBesides,
  findBillFacts,
  findBillPeriods,
  findMonthInvoice,
  findPlanVersions,
  type AskedBesides,
  type StoredInvoice,
} from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { replayUsage, type ReplaySpan } from './replay.usage.js';
import type { replayView } from './replay.view.js';

interface ReplayInput {
  month?: string | undefined;
  plan?: string | undefined;
  model?: 'concurrency' | 'per_request' | undefined;
}

/**
 * A month counted again from its raw records. With the plans that were in force the document must be the invoice's, byte
 * for byte, or the draft's; with another plan or model it is what the month would have cost.
 */
export async function replayBill(call: Call, input: ReplayInput): Promise<z.input<typeof replayView>> {
  const { tx, now } = call;
  const { organizationId } = call.actor;
  const month = input.month ?? monthOf(now);
  const facts = await findBillFacts(tx, organizationId, month);
  const { parts } = facts;
  const stored = await findMonthInvoice(tx, organizationId, month);
  const of = { month, stored };
  const besides = await askedBesides(tx, organizationId, of, parts.at(-1)?.plan);
  const terms = { ...facts.terms, ...besides };
  const periods = await findBillPeriods(tx, organizationId, month);
  const asked = await plansFor(call, periods, input);
  const counted = asked.map((plan, i) => ({ plan, startMs: periods[i]?.startMs ?? 0 }));
  const span = { ...spanOf(organizationId, month, stored), rezoned: rezones(counted, periods) };
  const { days, windows } = await replayUsage(tx, span, counted);
  const replayed = parts.map((part, i) => ({ ...part, plan: asked[i] ?? part.plan, days: days[i] ?? [] }));
  const document = documentOf(
    call,
    { month, parts: replayed, terms: termsFor(asked.at(-1), parts.at(-1), terms) },
    stored,
  );
  const live = stored?.digest ?? digestOf(documentOf(call, { month, parts, terms }, undefined));
  const digest = digestOf(document);
  const { id, version, model } = replayed.at(-1)?.plan ?? asked[0] ?? periods[0]?.plan ?? noPlan();
  const { currency, lines, subtotal, gross, payable } = document;
  return {
    ...{ month, windows, currency, subtotal, gross, payable },
    plan: { id, version, model },
    ...{ digest, live, equal: digest === live },
    ...(stored === undefined ? {} : { invoice: stored.invoice.number }),
    lines,
  };
}

/** By a plan in another currency than the bill's there is nothing to add its adjustments and corrections to. */
function termsFor<T extends BillTerms>(asked: PricePlan | undefined, own: BillPart | undefined, terms: T): T {
  if (asked?.currency === own?.plan.currency) return terms;
  return { ...terms, adjustments: [], corrections: [] };
}

/** A month, and what of its usage its invoice had counted. */
function spanOf(organizationId: string, month: string, stored: StoredInvoice | undefined): ReplaySpan {
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  const settledAt = stored && Date.parse(stored.invoice.issuedAt);
  return { organizationId, fromMs, toMs, settledAt, position: stored?.position };
}

/** The plan of each period: the ones that were in force, unless another plan or model is asked about. */
async function plansFor(
  { tx }: Call,
  periods: readonly { startMs: number; plan: PricePlan }[],
  { plan: id, model }: ReplayInput,
): Promise<PricePlan[]> {
  const versions = id === undefined ? [] : (await findPlanVersions(tx, [id])).map(({ plan }) => plan);
  if (id !== undefined && versions.length === 0) throw notFound('price plan');
  return periods.map(({ startMs, plan: own }) => {
    const inForce =
      versions.findLast(({ effectiveFromMs }) => effectiveFromMs <= startMs) ?? versions[0] ?? own;
    const asked = model === undefined ? inForce : underModel(inForce, model);
    refuseUncounted(asked, { field: 'plan' });
    return asked;
  });
}

/** The invoice that a bill makes: with what the stored one says of itself, or as a draft. */
function documentOf(
  { actor, now }: Call,
  { month, parts, terms }: { month: string; parts: readonly BillPart[]; terms: BillTerms & AskedBesides },
  stored: StoredInvoice | undefined,
): Invoice {
  const bill: Bill = billOf(month, parts, terms);
  const decimals = parts.at(-1)?.plan.decimals ?? 0;
  if (!stored) {
    const dueAt = new Date(monthSpan(month).endMs).toISOString();
    const head = { number: 'draft', organization: actor.organizationId, issuedAt: dueAt, dueAt };
    return invoiceOf(bill, head, { ...terms, decimals });
  }
  const { number, organization, issuedAt, dueAt, buyer, seller } = stored.invoice;
  const head: InvoiceHead = {
    number,
    organization,
    issuedAt,
    dueAt,
    ...(buyer === undefined ? {} : { buyer }),
    ...(seller === undefined ? {} : { seller }),
  };
  const credits = creditsOf(stored, now);
  return invoiceOf(bill, head, { ...terms, credits, decimals });
}

/** What credits gave the invoice, in its order: they have been used since. */
function creditsOf({ invoice, organizationId }: StoredInvoice, now: number): Credit[] {
  return invoice.credits.map(({ id, kind, amount }, priority) => ({
    ...{ id: id as Credit['id'], kind, organizationId, name: '', currency: invoice.currency, priority },
    ...{ amount: parseDecimal(amount), used: decimalOf(0n), createdAt: now, createdBy: '' },
  }));
}

function digestOf(document: Invoice): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex');
}

function noPlan(): never {
  throw new Error('no plan is in force');
}
