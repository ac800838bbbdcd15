import fc from 'fast-check';
import { monthSpan } from '../month.js';
import { BUILTIN_PLAN } from '../price/builtin.plans.js';
import type { PricePlan } from '../price/plan.types.js';
import { fraction, parseRatio, ratioOf, times, total } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { billPeriods } from './bill.periods.js';
import { billOf, type Bill } from './bill.js';
import { invoiceOf } from './invoice.js';
import { explainedLine } from './line.explanation.js';
import type { BillingTerms } from './terms.js';

const MONTH = '2026-11';
const { startMs: FROM, endMs: TO } = monthSpan(MONTH);
const DAY = 86_400_000;

const withFees = (version: number, effectiveFromMs: number, units: bigint): PricePlan => ({
  ...BUILTIN_PLAN,
  ...{ id: 'fees', version, effectiveFromMs },
  fees: [
    { id: 'base', name: 'Base', amount: { units, scale: 2 }, prorated: true },
    { id: 'setup', name: 'Set-up', amount: { units: 500n, scale: 2 }, prorated: false },
  ],
});

const termsFrom = (effectiveFromMs: number, percent: bigint): BillingTerms => ({
  ...{ effectiveFromMs, plan: 'fees', discountPercent: { units: percent, scale: 0 }, taxes: [] },
});

/** The bill of an organization without usage, whose terms begin at those instants. */
function billed(plans: readonly PricePlan[], terms: readonly BillingTerms[], madeAtMs: number) {
  const periods = billPeriods(MONTH, terms, plans, madeAtMs);
  const monthMs = BigInt(TO - FROM);
  const bill = billOf(
    MONTH,
    periods.map(({ startMs, endMs, ...period }) => {
      return { ...period, days: [], held: { ms: BigInt(endMs - startMs), monthMs } };
    }),
  );
  const explain = (version: number, item: string, of: Pick<Bill, 'items'> = bill) => {
    const plan = plans.find((one) => one.version === version) as PricePlan;
    const spans = periods.filter((period) => period.plan === plan);
    return explainedLine({ plan, item, month: MONTH }, of.items, spans);
  };
  return { bill, explain };
}

describe('a fee', () => {
  it('of part of a month is explained by when the plan was in force', () => {
    const { explain } = billed([withFees(1, 0, 2_900n)], [termsFrom(0, 0n)], FROM + 15 * DAY);
    expect(explain(1, 'base')).toEqual({
      ...{ month: MONTH, plan: 'fees', version: 1, item: 'base', name: 'Base', unit: 'month' },
      ...{ currency: 'USD', charged: '14.50' },
      charges: [{ quantity: '0.5', list: '14.5', adjustments: [], amount: '14.5', rounded: '14.50' }],
      fee: {
        ...{ amount: '29', prorated: true, heldMs: BigInt(15 * DAY), monthMs: BigInt(30 * DAY) },
        held: [{ startMs: FROM + 15 * DAY, endMs: TO }],
        formula: `29 × ${15 * DAY} ms ÷ ${30 * DAY} ms`,
      },
    });
  });

  it('that is asked for once is told by the version that asks for it, and is nothing in the next one', () => {
    const plans = [withFees(1, 0, 2_900n), withFees(2, FROM + DAY, 3_900n)];
    const { explain } = billed(plans, [termsFrom(0, 0n)], 0);
    expect(explain(1, 'setup')).toMatchObject({
      ...{ charged: '5.00', charges: [{ quantity: '1' }] },
      fee: { prorated: false, formula: '5, once in the month', held: [{ startMs: FROM, endMs: FROM + DAY }] },
    });
    expect(explain(2, 'setup')).toMatchObject({
      ...{ charged: '0.00', charges: [] },
      fee: { held: [], heldMs: 0n, formula: '0' },
    });
  });

  it('is list price times time, less its discounts, rounded, whatever changed in the month', () => {
    const instant = fc.integer({ min: FROM, max: TO - 1 });
    fc.assert(
      fc.property(
        fc.record({ change: instant, terms: instant, made: instant, percent: fc.bigInt(0n, 100n) }),
        fc.bigInt(1n, 99_999n),
        ({ change, terms, made, percent }, units) => {
          const plans = [withFees(1, 0, 2_900n), withFees(2, change, units)];
          const { bill, explain } = billed(plans, [termsFrom(0, 0n), termsFrom(terms, percent)], made);
          for (const plan of plans) {
            const { charges, fee, charged } = explain(plan.version, 'base');
            const { heldMs = 0n, monthMs = 1n } = fee ?? {};
            const whole = plan.fees[0]?.amount ?? { units: 0n, scale: 0 };
            expect(total(charges.map(({ list }) => parseRatio(list)))).toEqual(
              times(ratioOf(whole), fraction(heldMs, monthMs)),
            );
            const asked = bill.items.filter((one) => one.item === 'base' && one.version === plan.version);
            expect(parseRatio(charged)).toEqual(total(asked.map(({ rounded }) => parseRatio(rounded))));
          }
        },
      ),
      propertyRuns(),
    );
  });
});

it('a line of an invoice is explained as a line of its bill', () => {
  const { bill, explain } = billed([withFees(1, 0, 2_900n)], [termsFrom(0, 10n)], 0);
  const head = { number: 'INV-1-000001', organization: 'org', issuedAt: '', dueAt: '' };
  const invoice = invoiceOf(bill, head, { decimals: 2, taxes: [], credits: [], corrections: [] });
  const plan = withFees(1, 0, 2_900n);
  const held = [{ startMs: FROM, endMs: TO }];
  const stated = explainedLine({ plan, item: 'base', month: MONTH }, invoice.lines, held);
  expect(stated).toEqual(explain(1, 'base'));
  expect(stated.charges[0]?.adjustments).toEqual([{ kind: 'discount', id: 'discount', amount: '-2.9' }]);
});

it('a price item has no fee: its minutes explain it', () => {
  const { explain } = billed([withFees(1, 0, 2_900n)], [termsFrom(0, 0n)], 0);
  expect(explain(1, 'cpu')).toMatchObject({ name: 'CPU time', charged: '0.00', charges: [{ list: '0' }] });
  expect(explain(1, 'cpu').fee).toBeUndefined();
});
