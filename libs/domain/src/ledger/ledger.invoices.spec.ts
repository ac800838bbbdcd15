import fc from 'fast-check';
import { billOf } from '../billing/bill.js';
import { creditNoteOf, invoiceOf, type Invoice } from '../billing/invoice.js';
import { parseDecimal } from '../price/decimal.js';
import { parsePricePlan } from '../price/plan.validation.js';
import { formatRatio, parseRatio } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { balanced, balancesOf, type NewEntry } from './ledger.entries.js';
import { entryOfInvoice, entryOfPayment } from './ledger.invoices.js';

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
}

function invoice({ requests, tax, credit, corrected }: Month): Invoice {
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
  });
}

const accounts = (entry: NewEntry): Record<string, string> =>
  Object.fromEntries(
    [...balancesOf(balanced(entry.postings))].map(([account, amount]) => [account, formatRatio(amount)]),
  );

it('an invoice brings what is owed at list price to what is asked for, account by account', () => {
  const made = invoice({ requests: 10n, tax: '20', credit: '3', corrected: '0' });
  // 3.33 at list, two free, 2.664 rounded to 2.66, a fee of 5; a fifth of 7.66 is 1.53
  expect(made).toMatchObject({ subtotal: '7.66', gross: '9.19', payable: '6.19' });
  expect(accounts(entryOfInvoice('ivc_1', made, parseRatio('3.33')))).toEqual({
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
    ...entryOfInvoice('ivc_1', made, parseRatio('3.33')).postings,
    ...entryOfInvoice('ivc_2', note, parseRatio('0')).postings,
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
      const balances = balancesOf(balanced(entryOfInvoice('ivc_1', made, unasked).postings));
      const owed = balancesOf([
        { account: 'balance', amount: balances.get('balance') ?? parseRatio('0') },
        { account: 'balance', amount: unasked },
      ]);
      expect(formatRatio(owed.get('balance') ?? parseRatio('0'))).toBe(formatRatio(parseRatio(made.payable)));
    }),
    propertyRuns(),
  );
});
