import fc from 'fast-check';
import { billOf } from '../billing/bill.js';
import { creditNoteOf, invoiceOf, type Invoice } from '../billing/invoice.js';
import type { InvoicedAdjustment } from '../billing/adjustment.js';
import { formatDecimal, parseDecimal, sum } from '../price/decimal.js';
import { parsePricePlan } from '../price/plan.validation.js';
import { formatRatio, parseRatio, total, type Ratio } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { balanced, balancesOf, owing, type NewEntry } from './ledger.entries.js';
import {
  entryOfAdjustment,
  entryOfCredit,
  entryOfCreditEnd,
  entryOfInvoice,
  entryOfPayment,
} from './ledger.invoices.js';

const plan = parsePricePlan({
  ...{ id: 'gold', version: 1, name: 'Gold', currency: 'USD', decimals: 2 },
  effectiveFrom: '2020-01-01T00:00:00Z',
  items: [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.333', unit: 'request' }],
  grants: [{ id: 'free', name: 'Free', items: ['requests'], quantity: '2' }],
  fees: [{ id: 'base', name: 'Base fee', amount: '5', prorated: false }],
});
const used = (requests: bigint) => [
  {
    ...{ projectId: 'prj_1', project: 'shop', serviceId: 'svc_1', service: 'web', priceZone: 'default' },
    ...{ day: '2026-10-10', requests, notBillableRequests: 0n, blocks: 0n, perRequestUnits: 0n },
    ...{ requestBytes: 0n, responseBytes: 0n, cpuMillis: 0, memoryMiB: 0 },
  },
];
const correction = { month: '2026-09', plan: 'gold', version: 1, item: 'requests', name: 'Requests' };

interface Month {
  requests: bigint;
  tax: string;
  credit: string;
  corrected: string;
  adjustments?: InvoicedAdjustment[];
}

function invoice({ requests, tax, credit, corrected, adjustments = [] }: Month): Invoice {
  const bill = billOf('2026-10', [{ plan, days: used(requests), held: { ms: 1n, monthMs: 1n } }]);
  const head = {
    number: 'INV-1-000001',
    organization: 'org_1',
    issuedAt: '2026-11-01T01:00:00.000Z',
    dueAt: '2026-11-15T01:00:00.000Z',
  };
  return invoiceOf(bill, head, {
    decimals: 2,
    taxes: [{ name: 'VAT', percent: parseDecimal(tax) }],
    credits: [
      {
        ...{ id: 'crd_00000000000000000001', organizationId: 'org_00000000000000000001', name: 'Start' },
        ...{ kind: 'prepaid', currency: 'USD', amount: parseDecimal(credit), used: parseDecimal('0') },
        ...{ priority: 1, createdAt: 0, createdBy: 'key_1' },
      },
    ],
    corrections: corrected === '0' ? [] : [{ ...correction, charged: corrected }],
    adjustments,
  });
}

/** What no invoice asked for, with credits that the ledger has not. */
const since = (unasked: string) => ({ unasked: parseRatio(unasked), credits: new Set<string>() });

const accounts = (entry: NewEntry): Record<string, string> =>
  Object.fromEntries(
    [...balancesOf(balanced(entry.postings))].map(([account, amount]) => [account, formatRatio(amount)]),
  );

it('an invoice brings what is owed at list price to what is asked for, account by account', () => {
  const made = invoice({ requests: 10n, tax: '20', credit: '3', corrected: '0' });
  // 3.33 at list, two free, 2.664 rounded to 2.66, a fee of 5; a fifth of 7.66 is 1.53
  expect(made).toMatchObject({ subtotal: '7.66', gross: '9.19', payable: '6.19' });
  expect(accounts(entryOfInvoice('ivc_1', made, since('3.33')))).toEqual({
    balance: '2.86',
    charges: '-5',
    adjustments: '0.666',
    rounding: '0.004',
    tax: '-1.53',
    credits: '3',
  });
});

it('its credit note leaves nothing owed of it', () => {
  const made = invoice({ requests: 10n, tax: '20', credit: '3', corrected: '0.01' });
  const note = creditNoteOf(made, { number: 'CRN-1-000001', issuedAt: made.issuedAt });
  const both = [
    ...entryOfInvoice('ivc_1', made, since('3.33')).postings,
    ...entryOfInvoice('ivc_2', note, since('0')).postings,
  ];
  expect(formatRatio(balancesOf(both).get('balance') ?? parseRatio('0'))).toBe('-3.33');
});

it('a payment is what is owed less, and one that went back more', () => {
  expect(accounts(entryOfPayment('pay_1', parseDecimal('10.5'), 'USD'))).toEqual({
    balance: '-10.5',
    payments: '10.5',
  });
  expect(accounts(entryOfPayment('pay_2', parseDecimal('-2'), 'USD'))).toEqual({
    balance: '2',
    payments: '-2',
  });
});

it('whatever was used: it sums to zero, and with what was owed is what is payable', () => {
  const cents = fc
    .integer({ min: 0, max: 5_000 })
    .map((n) => `${Math.floor(n / 100)}.${String(n % 100).padStart(2, '0')}`);
  const month = fc.record({
    requests: fc.bigInt({ min: 0n, max: 10_000n }),
    tax: fc.constantFrom('0', '7', '19.5'),
    credit: cents,
    corrected: cents,
  });
  fc.assert(
    fc.property(month, fc.bigInt({ min: 0n, max: 9_999n }), (one, listed) => {
      const unasked = parseRatio(`${listed}/1000`);
      const made = invoice(one);
      const balances = balancesOf(
        balanced(entryOfInvoice('ivc_1', made, { unasked, credits: new Set() }).postings),
      );
      const owed = balancesOf([
        { account: 'balance', amount: balances.get('balance') ?? parseRatio('0') },
        { account: 'balance', amount: unasked },
      ]);
      expect(formatRatio(owed.get('balance') ?? parseRatio('0'))).toBe(formatRatio(parseRatio(made.payable)));
    }),
    propertyRuns(),
  );
});

const CREDIT = 'crd_00000000000000000001';

/** What can happen to an organization that used 10 requests (3.33 at list price), in any order, each any number of times. */
type Deed =
  | { kind: 'adjust'; reference: string; amount: string }
  | { kind: 'grant' }
  | { kind: 'pay'; reference: string; amount: string }
  | { kind: 'invoice' }
  | { kind: 'void' };

/** Keeps books as billing does: by key, once. */
class Books {
  readonly entries = new Map<string, NewEntry>();
  readonly adjusted = new Map<string, InvoicedAdjustment>();
  invoice: Invoice | undefined;
  note: Invoice | undefined;
  private paid = parseRatio('0');

  do(deed: Deed): void {
    if (deed.kind === 'adjust') this.adjust(deed.reference, deed.amount);
    if (deed.kind === 'grant' && !this.invoice) this.post(grant);
    if (deed.kind === 'pay') this.pay(deed.reference, deed.amount);
    if (deed.kind === 'invoice') this.ask();
    if (deed.kind === 'void' && this.invoice) this.takeBack(this.invoice);
  }

  /** What was asked for, less what was paid, and what nobody asked for yet. */
  owed(): Ratio {
    const asked = [this.invoice, this.note].map((one) => parseRatio(one?.payable ?? '0'));
    const on = new Set((this.invoice?.adjustments ?? []).map(({ id }) => id));
    const waiting = [...this.adjusted.values()].filter(({ id }) => !on.has(id));
    const unused = this.entries.has(grant.key) ? [parseRatio(this.leftOfCredit())] : [];
    return total([
      ...asked,
      ...waiting.map(({ charged }) => parseRatio(charged)),
      ...(this.invoice ? [] : [parseRatio('3.33')]),
      ...[...unused, this.paid].map(({ top, bottom }) => ({ top: -top, bottom })),
    ]);
  }

  /** Of the credit, when it is there. */
  leftOfCredit(): string {
    const uses = [this.invoice, this.note].flatMap((one) => one?.credits ?? []);
    const used = sum(uses.map(({ amount }) => parseDecimal(amount)));
    return formatDecimal(sum([parseDecimal('3'), { ...used, units: -used.units }]));
  }

  post(entry: NewEntry): boolean {
    if (this.entries.has(entry.key)) return false;
    this.entries.set(entry.key, { ...entry, postings: balanced(entry.postings) });
    return true;
  }

  private adjust(reference: string, charged: string): void {
    const entry = entryOfAdjustment(reference, parseDecimal(charged), 'USD');
    if (this.post(entry)) this.adjusted.set(reference, { id: reference, madeAt: '', charged });
  }

  private pay(reference: string, amount: string): void {
    const entry = entryOfPayment(reference, parseDecimal(amount), 'USD');
    if (this.post(entry)) this.paid = total([this.paid, parseRatio(amount)]);
  }

  private ask(): void {
    const credits = new Set(this.entries.has(grant.key) ? [CREDIT] : []);
    this.invoice ??= invoice({
      ...{ requests: 10n, tax: '19', corrected: '0', credit: credits.size === 0 ? '0' : '3' },
      adjustments: [...this.adjusted.values()],
    });
    this.post(entryOfInvoice('ivc_1', this.invoice, { unasked: parseRatio('3.33'), credits }));
  }

  private takeBack(asked: Invoice): void {
    this.note ??= creditNoteOf(asked, { number: 'CRN-1-000001', issuedAt: asked.issuedAt });
    const credits = new Set(this.entries.has(grant.key) ? [CREDIT] : []);
    this.post(entryOfInvoice('ivc_2', this.note, { unasked: parseRatio('0'), credits }));
  }
}

const grant = entryOfCredit({ id: CREDIT, amount: parseDecimal('3'), currency: 'USD' });

it('adjustments, credits, payments, invoices in any order, each once: they sum to zero, and the balance is what is owed', () => {
  const reference = fc.constantFrom('a', 'b', 'c');
  const amount = fc
    .integer({ min: -2_000, max: 2_000 })
    .filter((cents) => cents !== 0)
    .map((cents) => formatDecimal({ units: BigInt(cents), scale: 2 }));
  const deed: fc.Arbitrary<Deed> = fc.oneof(
    fc.record({ kind: fc.constant('adjust'), reference, amount }),
    fc.record({ kind: fc.constant('pay'), reference, amount }),
    fc.record({ kind: fc.constantFrom('grant', 'invoice', 'void') }),
  );
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 12 }), (deeds) => {
      const books = new Books();
      const used = entryOfLinesOf('3.33');
      books.post(used);
      for (const one of [...deeds, ...deeds]) books.do(one);
      const balances = balancesOf([...books.entries.values()].flatMap(({ postings }) => postings));
      expect(total(balances.values()).top).toBe(0n);
      expect(formatRatio(balances.get('balance') ?? parseRatio('0'))).toBe(formatRatio(books.owed()));
      // what nobody can use any more of the credit is owed again
      if (!books.entries.has(grant.key)) return;
      const left = parseDecimal(books.leftOfCredit());
      const end = entryOfCreditEnd({ id: CREDIT, currency: 'USD' }, left, 1);
      const credits = balancesOf([...books.entries.values(), end].flatMap(({ postings }) => postings)).get(
        'credits',
      );
      expect(formatRatio(credits ?? parseRatio('0'))).toBe(
        formatRatio(parseRatio(formatDecimal(sum([parseDecimal('3'), { ...left, units: -left.units }])))),
      );
    }),
    propertyRuns(),
  );
});

/** Usage at list price, as its window closed. */
function entryOfLinesOf(amount: string): NewEntry {
  return {
    key: 'window/1/1',
    kind: 'usage',
    currency: 'USD',
    windowStartMs: 1,
    postings: owing('charges', parseRatio(amount)),
  };
}
