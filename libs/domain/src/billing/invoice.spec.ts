import fc from 'fast-check';
import { BUILTIN_DOCUMENTS } from '../price/builtin.plans.js';
import { compare, formatDecimal, parseDecimal, sum, type Decimal } from '../price/decimal.js';
import type { PricePlan } from '../price/plan.types.js';
import { parsePricePlan } from '../price/plan.validation.js';
import { propertyRuns } from '../property.rig.js';
import { billOf } from './bill.js';
import type { UsageDay } from './billing.types.js';
import type { Credit } from './credit.js';
import { FOCUS_COLUMNS, focusCsv, focusRows } from './focus.js';
import { focusProblems } from './focus.rules.js';
import { invoiceCsv } from './invoice.csv.js';
import { correctionsOfInvoice, creditNoteOf, hoursText, invoiceOf, type Invoice } from './invoice.js';
import { invoiceHtml, invoicePage } from './invoice.page.js';

const runs = propertyRuns();
const plan: PricePlan = parsePricePlan({
  ...BUILTIN_DOCUMENTS[0],
  grants: [{ id: 'free', name: 'Free requests', items: ['requests'], quantity: '1' }],
  fees: [{ id: 'base', name: 'Base fee', amount: '29' }],
});
const day = (requests: bigint, blocks: bigint): UsageDay => ({
  ...{ projectId: 'prj_1', project: 'shop', serviceId: 'svc_1', service: 'web', priceZone: 'default' },
  ...{ day: '2026-11-10', requests, notBillableRequests: 0n, blocks, perRequestUnits: blocks },
  ...{ requestBytes: 0n, responseBytes: 0n, cpuMillis: 1000, memoryMiB: 512 },
});
const minus = (a: string, b: string): string => {
  const less = parseDecimal(b);
  return formatDecimal(sum([parseDecimal(a), { ...less, units: -less.units }]));
};
const HEAD = {
  number: 'INV-1-000001',
  organization: 'org_1',
  issuedAt: '2026-12-01T01:00:00.000Z',
  dueAt: '2026-12-15T01:00:00.000Z',
};
const credit = (amount: string): Credit => ({
  ...{ id: 'crd_1', organizationId: 'org_1', name: 'Start', kind: 'prepaid', currency: 'USD' },
  ...{ amount: parseDecimal(amount), used: parseDecimal('0'), priority: 1, createdAt: 0, createdBy: 'key_1' },
});
const held = { ms: 17n, monthMs: 30n };
const facts = {
  decimals: 2,
  taxes: [{ name: 'VAT', percent: parseDecimal('19') }],
  credits: [credit('5')],
  corrections: [
    { month: '2026-10', plan: 'builtin', version: 1, item: 'cpu', name: 'CPU time', charged: '-0.03' },
  ],
};
const billed = (requests = 3_000_000n, blocks = 5_000_000n) =>
  billOf('2026-11', [{ plan, days: [day(requests, blocks)], held, discountPercent: parseDecimal('10') }]);
const invoice = invoiceOf(billed(), HEAD, facts);
const added = (list: readonly string[]): Decimal => sum(list.map((text) => parseDecimal(text)));

describe('an invoice', () => {
  it('has a line for each item that was used, corrections, taxes on both, credits', () => {
    expect(invoice.lines.map(({ item, list, amount, charged }) => [item, list, amount, charged])).toEqual([
      ['cpu', '12', '10.8', '10.80'],
      ['memory', '0.625', '0.5625', '0.56'],
      ['requests', '1.2', '0.72', '0.72'],
      ['base', '493/30', '1479/100', '14.79'].map((text) => (text === '1479/100' ? '14.79' : text)),
    ]);
    expect(invoice).toMatchObject({
      kind: 'invoice',
      subtotal: '26.84',
      taxes: [{ name: 'VAT', base: '26.84', amount: '5.10' }],
      gross: '31.94',
      credits: [{ id: 'crd_1', kind: 'prepaid', amount: '5.00' }],
      payable: '26.94',
    });
  });

  it('says nothing of people, and of a buyer a digest only', () => {
    const known = invoiceOf(billed(), { ...HEAD, buyer: 'ab'.repeat(32) }, facts);
    expect(known.buyer).toBe('ab'.repeat(32));
    expect(JSON.stringify(known)).not.toMatch(/shop|web|Start/);
  });

  it(`and its credit note come to nothing, line by line (seed ${runs.seed})`, () => {
    const used = fc.tuple(fc.bigInt(0n, 9_000_000n), fc.bigInt(0n, 9_000_000n));
    fc.assert(
      fc.property(used, ([requests, blocks]) => {
        const made = invoiceOf(billed(requests, blocks), HEAD, facts);
        const note = creditNoteOf(made, { number: 'CRN-1-000001', issuedAt: HEAD.issuedAt });
        for (const field of ['subtotal', 'gross', 'payable'] as const)
          expect(added([made[field], note[field]]).units).toBe(0n);
        const both = [made, note].flatMap(focusRows);
        expect(both.flatMap(focusProblems)).toEqual([]);
        expect(added(both.map(({ BilledCost = '' }) => BilledCost)).units).toBe(0n);
        expect(creditNoteOf(note, { number: made.number, issuedAt: made.issuedAt }).lines).toEqual(
          made.lines,
        );
      }),
      runs,
    );
  });
});

describe('what came late', () => {
  it(`is corrected by line: old + corrections = again, however often (seed ${runs.seed})`, () => {
    const used = fc.tuple(fc.bigInt(0n, 9_000_000n), fc.bigInt(0n, 9_000_000n));
    fc.assert(
      fc.property(used, used, used, (first, second, third) => {
        const old = invoiceOf(billed(...first), HEAD, { ...facts, corrections: [] });
        const once = correctionsOfInvoice(old, billed(...second), []);
        const twice = correctionsOfInvoice(old, billed(...third), once);
        const all = added([...once, ...twice].map(({ charged }) => charged));
        const again = invoiceOf(billed(...third), HEAD, { ...facts, corrections: [] });
        expect(compare(sum([parseDecimal(old.subtotal), all]), parseDecimal(again.subtotal))).toBe(0);
        expect(correctionsOfInvoice(old, billed(...third), [...once, ...twice])).toEqual([]);
        for (const { month } of [...once, ...twice]) expect(month).toBe('2026-11');
      }),
      runs,
    );
  });
});

it('a line that only a correction brought is taken back when nothing was used after all', () => {
  const old = invoiceOf(billed(0n, 0n), HEAD, { ...facts, corrections: [] });
  const once = correctionsOfInvoice(old, billed(0n, 2_315n), []);
  expect(once.map(({ item, charged }) => [item, charged])).toEqual([['cpu', '0.01']]);
  const twice = correctionsOfInvoice(old, billed(0n, 0n), once);
  expect(twice.map(({ item, charged }) => [item, charged])).toEqual([['cpu', '-0.01']]);
});

describe('forms', () => {
  const hostile: Invoice = {
    ...invoice,
    lines: invoice.lines.map((line) => ({ ...line, name: '=HYPERLINK("x"),<script>' })),
  };

  it('CSV has every amount, quotes what it must, and runs no formula', () => {
    const lines = invoiceCsv(hostile).split('\r\n');
    expect(lines).toHaveLength(1 + 4 + 1 + 5 + 1);
    expect(lines[1]).toContain(`"'=HYPERLINK(""x""),<script>"`);
    expect(lines.at(-2)).toBe('INV-1-000001,invoice,org_1,2026-11,payable,,,,,,,,,,,26.94,USD,');
  });

  it('HTML shows the sums and the buyer, and runs nothing', () => {
    const buyer = { name: '<img onerror=x>', address: ['1 "Road"'], country: 'DE' };
    const html = invoiceHtml(invoicePage(hostile, buyer));
    expect(html).toContain('&lt;img onerror=x&gt;');
    expect(html).not.toMatch(/<script|<img|"Road"/);
    expect(html).toContain('26.94');
    expect(invoicePage({ ...invoice, buyer: 'ab' }, undefined).buyer).toEqual(['Buyer: not kept any more']);
  });

  const adjustments = [{ id: 'ent_1', madeAt: '2026-11-20T10:00:00.000Z', charged: '-2.50' }];

  it('show adjustments apart, and they are taxed like what they lower', () => {
    const made = invoiceOf(billed(), HEAD, { ...facts, adjustments });
    expect(minus(invoice.subtotal, made.subtotal)).toBe('2.5');
    expect(invoiceCsv(made)).toContain(',adjustment,,,,ent_1,Adjustment of 2026-11-20,,,,,,-2.50,USD');
    expect(invoicePage(made, undefined).rows.at(-1)).toEqual([
      'Adjustment of 2026-11-20 (ent_1)',
      ...['', '', '', '-2.50'],
    ]);
    expect(
      focusRows(made).filter(({ ChargeDescription }) => ChargeDescription === 'Adjustment ent_1'),
    ).toEqual([
      expect.objectContaining({
        ChargeCategory: 'Adjustment',
        BilledCost: '-2.50',
        ChargeFrequency: 'One-Time',
      }),
    ]);
    // what is of an invoice of before there were any is byte for byte the same
    expect(Object.keys(invoiceOf(billed(), HEAD, { ...facts, adjustments: [] }))).toEqual(
      Object.keys(invoice),
    );
  });

  it('name who sells, also when taken back, and nobody where none is said', () => {
    const seller = 'Harbour Hosting';
    const made = invoiceOf(billed(), { ...HEAD, seller }, facts);
    const note = creditNoteOf(made, { number: 'CN-1-000001', issuedAt: made.issuedAt });
    for (const one of [made, note]) {
      expect(invoicePage(one, undefined).facts).toContain(`Sold by ${seller}`);
      for (const row of focusRows(one))
        expect([row.InvoiceIssuerName, row.ProviderName, row.PublisherName]).toEqual([
          seller,
          seller,
          seller,
        ]);
    }
    expect(invoicePage(invoice, undefined).facts.join()).not.toContain('Sold');
    expect(new Set(focusRows(invoice).map((row) => row.ProviderName))).toEqual(new Set(['Towpath']));
  });

  it('name the hours that a correction is of', () => {
    const hours = ['2026-10-10T13:00:00.000Z', '2026-10-31T23:00:00.000Z'];
    const line = { month: '2026-10', plan: 'builtin', version: 1, item: 'cpu', name: 'CPU', charged: '0.10' };
    const made = invoiceOf(billed(), HEAD, { ...facts, corrections: [{ ...line, hours }] });
    expect(invoiceCsv(made)).toContain(`,0.10,USD,${hours.join(' ')}\r\n`);
    expect(invoicePage(made, undefined).rows.at(-1)?.[0]).toBe(
      'Correction of 2026-10, 2 hours from 2026-10-10T13:00Z to 2026-11-01T00:00Z: CPU (builtin 1)',
    );
    const correction = focusRows(made).find(({ ChargeClass }) => ChargeClass === 'Correction');
    expect(correction).toMatchObject({
      ...{ ChargePeriodStart: '2026-10-10T13:00:00Z', ChargePeriodEnd: '2026-11-01T00:00:00Z' },
    });
    expect(hoursText({ hours: hours.slice(0, 1) })).toBe('2026-10-10T13:00Z to 2026-10-10T14:00Z');
    expect(hoursText({})).toBe('');
  });

  it('FOCUS has rows by its rules that sum to what is payable', () => {
    const adjusted = invoiceOf(billed(), HEAD, { ...facts, adjustments });
    const note = creditNoteOf(adjusted, { number: 'CRN-1-000001', issuedAt: HEAD.issuedAt });
    for (const one of [invoice, adjusted, note]) {
      const rows = focusRows(one);
      expect(rows.flatMap(focusProblems)).toEqual([]);
      expect(compare(added(rows.map(({ BilledCost = '' }) => BilledCost)), parseDecimal(one.payable))).toBe(
        0,
      );
    }
    const kinds = focusRows(invoice).map(({ ChargeCategory, ChargeClass }) => [ChargeCategory, ChargeClass]);
    expect(kinds).toEqual([
      ['Usage', undefined],
      ['Usage', undefined],
      ['Adjustment', undefined],
      ['Usage', undefined],
      ['Purchase', undefined],
      ['Usage', 'Correction'],
      ['Tax', undefined],
      ['Credit', undefined],
    ]);
    const csv = focusCsv([invoice]).split('\r\n');
    expect(csv[0]).toBe(FOCUS_COLUMNS.join(','));
    expect(csv).toHaveLength(1 + kinds.length + 1);
  });
});
