import fc from 'fast-check';
import { BUILTIN_PLAN } from '../price/builtin.plans.js';
import { formatRatio, parseRatio, plus, total, type Ratio } from '../price/ratio.js';
import { formatDecimal } from '../price/decimal.js';
import { propertyRuns } from '../property.rig.js';
import { balanced, balancesOf, entryOfLines, owing } from './ledger.entries.js';
import { differenceOf, inForceAt, linesOf, type PlansInForce, type WindowUsage } from './ledger.lines.js';

const HOUR = 3_600_000;
const dearer = { ...BUILTIN_PLAN, version: 2 };
const PLANS: PlansInForce = [
  { fromMs: 0, plan: BUILTIN_PLAN },
  { fromMs: 2 * HOUR, plan: dearer },
];

const used = (change: Partial<WindowUsage> = {}): WindowUsage => ({
  windowStartMs: HOUR,
  atMs: HOUR,
  projectId: 'prj_1',
  serviceId: 'svc_1',
  revisionId: 'rev_1',
  priceZone: 'default',
  requests: 3n,
  blocks: 4n,
  perRequestUnits: 5n,
  responseBytes: 6n,
  cpuMillis: 1_000,
  memoryMiB: 512,
  ...change,
});
const show = (lines: readonly { item: string; planVersion: number; measured: never; amount: Ratio }[]) =>
  lines.map(({ item, planVersion, amount }) => [item, planVersion, formatRatio(amount)]);

describe('lines of a window', () => {
  it('are one for each price item, at list price', () => {
    expect(show(linesOf(PLANS, [used()]) as never)).toEqual([
      ['cpu', 1, '0.0000096'],
      ['memory', 1, '0.0000005'],
      ['requests', 1, '0.0000012'],
    ]);
  });

  it('are apart by version: the one in force at an instant of the part', () => {
    const lines = linesOf(PLANS, [used(), used({ windowStartMs: 2 * HOUR, atMs: 2 * HOUR })]);
    expect(lines.map(({ planVersion }) => planVersion)).toEqual([1, 1, 1, 2, 2, 2]);
    expect([-1, 0, 2 * HOUR - 1, 2 * HOUR].map((at) => inForceAt(PLANS, at).plan.version)).toEqual([
      1, 1, 1, 2,
    ]);
  });

  it('add up what was used apart, and leave out what costs nothing', () => {
    const nothing = used({ requests: 0n, blocks: 0n, perRequestUnits: 0n });
    expect(linesOf(PLANS, [nothing])).toEqual([]);
    expect(linesOf(PLANS, [used(), used()])).toEqual(linesOf(PLANS, [used({ requests: 6n, blocks: 8n })]));
  });
});

describe('differences', () => {
  const some = fc.array(
    fc.record({
      n: fc.bigInt({ min: 0n, max: 5n }),
      hour: fc.constantFrom(1, 2),
      svc: fc.constantFrom('a', 'b'),
    }),
    { maxLength: 6 },
  );
  const toLines = (list: readonly { n: bigint; hour: number; svc: string }[]) =>
    linesOf(
      PLANS,
      list.map(({ n, hour, svc }) =>
        used({ serviceId: svc, windowStartMs: hour * HOUR, atMs: hour * HOUR, requests: n, blocks: n }),
      ),
    );

  it('bring what is posted to what should be, and are nothing where nothing changed', () => {
    fc.assert(
      fc.property(some, some, (before, after) => {
        const [posted, should] = [toLines(before), toLines(after)];
        const correction = differenceOf(should, posted);
        expect(differenceOf(should, [...posted, ...correction])).toEqual([]);
        const sumOf = (lines: typeof posted) => formatRatio(total(lines.map(({ amount }) => amount)));
        expect(sumOf([...posted, ...correction])).toBe(sumOf(should));
        expect(correction.every(({ measured }) => formatDecimal(measured) !== '0')).toBe(true);
      }),
      propertyRuns(),
    );
  });
});

describe('entries', () => {
  const line = linesOf(PLANS, [used()]);
  it('of lines move their sum to the balance, once a seal', () => {
    const entry = entryOfLines('usage', { startMs: HOUR, sealNumber: 7, currency: 'USD' }, line);
    expect(entry).toMatchObject({ key: 'window/3600000/7', kind: 'usage', windowStartMs: HOUR });
    expect(entry?.postings.map(({ account, amount }) => [account, formatRatio(amount)])).toEqual([
      ['balance', '0.0000113'],
      ['charges', '-0.0000113'],
    ]);
    expect(entryOfLines('usage', { startMs: HOUR, sealNumber: 7, currency: 'USD' }, [])).toBeUndefined();
  });

  it('that do not sum to zero are refused, also by a third', () => {
    const [debit] = owing('payments', parseRatio('1/3'));
    expect(() => balanced(debit ? [debit] : [])).toThrow('does not sum to zero');
    expect(
      balanced([...owing('payments', parseRatio('1/3')), ...owing('payments', parseRatio('-1/3'))]),
    ).toEqual([]);
  });

  it('add up to balances that sum to zero', () => {
    const amount = fc.tuple(fc.bigInt({ min: -9n, max: 9n }), fc.bigInt({ min: 1n, max: 9n }));
    fc.assert(
      fc.property(fc.array(amount), (amounts) => {
        const postings = amounts.flatMap(([top, bottom]) => owing('credits', parseRatio(`${top}/${bottom}`)));
        const sums = [...balancesOf(balanced(postings)).values()];
        expect(sums.reduce(plus, parseRatio('0')).top).toBe(0n);
      }),
      propertyRuns(),
    );
  });
});
