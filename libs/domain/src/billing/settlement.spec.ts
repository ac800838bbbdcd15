import fc from 'fast-check';
import { compare, parseDecimal, sum } from '../price/decimal.js';
import { propertyRuns } from '../property.rig.js';
import { leftOf, useCredits, type Credit } from './credit.js';
import { settle } from './settlement.js';
import { percentProblem } from './terms.js';

const runs = propertyRuns();
const MONTH = { currency: 'USD', monthStartMs: Date.UTC(2026, 10) };
let made = 0;
const credit = (amount: string, change: Partial<Credit> = {}): Credit => ({
  id: `crd_${String((made += 1)).padStart(20, '0')}`,
  organizationId: 'org_1',
  name: `credit ${amount}`,
  kind: 'prepaid',
  currency: 'USD',
  amount: parseDecimal(amount),
  used: parseDecimal('0'),
  priority: 100,
  createdAt: 0,
  createdBy: 'key_1',
  ...change,
});

describe('credits', () => {
  it.each<[string, Credit[], [string, string][]]>([
    ['are not asked when nothing is there', [], []],
    ['one that is enough pays all of it', [credit('50')], [['credit 50', '10']]],
    ['what was used of it pays no more', [credit('50', { used: parseDecimal('47') })], [['credit 50', '3']]],
    [
      'the lowest priority goes first, then what expires first, then the oldest',
      [
        credit('4', { createdAt: 2 }),
        credit('3', { createdAt: 1 }),
        credit('2', { expiresAt: MONTH.monthStartMs + 1 }),
        credit('1', { priority: 1 }),
      ],
      [
        ['credit 1', '1'],
        ['credit 2', '2'],
        ['credit 3', '3'],
        ['credit 4', '4'],
      ],
    ],
    [
      'expired ones, ones taken back and other money pay nothing',
      [
        credit('9', { expiresAt: MONTH.monthStartMs }),
        credit('9', { revokedAt: 1 }),
        credit('9', { currency: 'EUR' }),
      ],
      [],
    ],
  ])('%s', (_what, credits, expected) => {
    const uses = useCredits(parseDecimal('10'), credits, MONTH);
    expect(uses.map(({ credit: { name }, amount }) => [name, String(amount.units)])).toEqual(expected);
  });

  it(`never pay more than is left or asked for, nor less than they could (seed ${runs.seed})`, () => {
    const cents = fc.bigInt(-1_000n, 100_000n).map((units) => ({ units, scale: 2 }));
    const some = fc.array(fc.tuple(fc.bigInt(1n, 50_000n), fc.nat(3)), { maxLength: 8 });
    fc.assert(
      fc.property(cents, some, (asked, list) => {
        const credits = list.map(([units, priority]) =>
          credit('1', { amount: { units, scale: 2 }, priority }),
        );
        const uses = useCredits(asked, credits, MONTH);
        const paid = sum(uses.map(({ amount }) => amount));
        const there = sum(credits.map(leftOf));
        for (const use of uses) expect(compare(use.amount, leftOf(use.credit))).toBeLessThanOrEqual(0);
        const most = compare(there, asked) < 0 ? there : asked;
        expect(compare(paid, most.units < 0n ? { units: 0n, scale: 0 } : most)).toBe(0);
      }),
      runs,
    );
  });
});

describe('what a sum of lines comes to', () => {
  it('has each tax rounded once on the sum, then credits on all of it', () => {
    const taxes = [
      { name: 'VAT', percent: parseDecimal('19') },
      { name: 'City', percent: parseDecimal('0.125') },
    ];
    const facts = { month: '2026-11', currency: 'USD', decimals: 2 };
    expect(settle('99.98', facts, { taxes, credits: [credit('100')] })).toMatchObject({
      // 18.9962 and 0.124975
      taxes: [
        { name: 'VAT', percent: '19', base: '99.98', amount: '19.00' },
        { name: 'City', percent: '0.125', base: '99.98', amount: '0.12' },
      ],
      gross: '119.10',
      credits: [{ amount: '100.00' }],
      payable: '19.10',
    });
  });

  it('below nothing takes tax back too, and no credit', () => {
    const taxes = [{ name: 'VAT', percent: parseDecimal('10') }];
    const facts = { month: '2026-11', currency: 'JPY', decimals: 0 };
    expect(settle('-15', facts, { taxes, credits: [credit('9', { currency: 'JPY' })] })).toEqual({
      taxes: [{ name: 'VAT', percent: '10', base: '-15', amount: '-2' }],
      gross: '-17',
      credits: [],
      payable: '-17',
    });
  });
});

it.each<[string, boolean]>([
  ['0', true],
  ['100', true],
  ['12.5', true],
  ['7.7777', true],
  ['7.77777', false],
  ['100.1', false],
  ['-1', false],
  ['1e2', false],
  ['', false],
])('percentage %j', (text, fine) => {
  expect(percentProblem(text) === undefined).toBe(fine);
});
