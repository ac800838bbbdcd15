import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import {
  add,
  compare,
  decimalOf,
  divideExactly,
  formatDecimal,
  hasFiniteReciprocal,
  multiply,
  parseDecimal,
  roundHalfUp,
  sum,
  type Decimal,
} from './decimal.js';

const runs = propertyRuns();
const d = (text: string): Decimal => parseDecimal(text);

describe('reading and writing', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.00', '0'],
    ['12', '12'],
    ['3.20', '3.2'],
    ['-3.20', '-3.2'],
    ['0.00000025', '0.00000025'],
    ['-0.5', '-0.5'],
    ['007.10', '7.1'],
  ])('%s is %s', (text, expected) => expect(formatDecimal(d(text))).toBe(expected));

  it.each(['', '1e3', '.5', '5.', '+1', '1,5', '0x1', ' 1', 'NaN', '1'.repeat(31), '--1'])(
    'refuses %j',
    (text) => {
      expect(() => parseDecimal(text, 'items[0].rate')).toThrow('items[0].rate is not a decimal');
    },
  );

  it.each([
    ['3.2', 2, '3.20'],
    ['0', 2, '0.00'],
    ['-0.005', 2, '-0.005'],
    ['1200', 2, '1200.00'],
  ])('%s shown with at least %i places is %s', (text, places, expected) => {
    expect(formatDecimal(d(text), places)).toBe(expected);
  });
});

describe('rounding', () => {
  it.each([
    ['0.005', 2, '0.01'],
    ['0.0049999', 2, '0'],
    ['-0.005', 2, '-0.01'],
    ['2.5', 0, '3'],
    ['18.337', 2, '18.34'],
    ['333.334', 2, '333.33'],
    ['0.828', 2, '0.83'],
  ])('%s to %i places is %s', (text, places, expected) => {
    expect(formatDecimal(roundHalfUp(d(text), places))).toBe(expected);
  });

  // The published table of 100 ms prices of Cloud Functions, 1st gen: half-up at nine places (research vector V14).
  it.each([
    [128, 200, '0.000000231'],
    [256, 400, '0.000000463'],
    [512, 800, '0.000000925'],
    [1024, 1400, '0.00000165'],
    [2048, 2400, '0.0000029'],
    [4096, 4800, '0.0000058'],
    [8192, 4800, '0.0000068'],
    [16384, 9600, '0.0000136'],
    [32768, 19200, '0.0000272'],
  ])('100 ms of %i MiB and %i MHz cost %s', (mib, mhz, expected) => {
    const memory = divideExactly(multiply(d('0.00000025'), decimalOf(BigInt(mib))), 1024n);
    const cpu = divideExactly(multiply(d('0.000001'), decimalOf(BigInt(mhz))), 1000n);
    expect(formatDecimal(roundHalfUp(add(memory, cpu), 9))).toBe(expected);
  });
});

describe(`properties of decimals (seed ${runs.seed}, ${runs.numRuns} runs)`, () => {
  const decimal = fc
    .record({
      units: fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
      scale: fc.integer({ min: 0, max: 18 }),
    })
    .map((raw) => add(raw, decimalOf(0n)));

  it('writes what it reads', () => {
    fc.assert(
      fc.property(decimal, (a) => expect(parseDecimal(formatDecimal(a))).toEqual(a)),
      runs,
    );
  });

  it('adds and multiplies as whole numbers do', () => {
    fc.assert(
      fc.property(decimal, decimal, decimal, (a, b, c) => {
        expect(add(a, b)).toEqual(add(b, a));
        expect(add(add(a, b), c)).toEqual(add(a, add(b, c)));
        expect(multiply(add(a, b), c)).toEqual(add(multiply(a, c), multiply(b, c)));
        expect(sum([a, b, c])).toEqual(add(c, add(b, a)));
      }),
      runs,
    );
  });

  it('divides exactly by what is made of twos and fives, and by nothing else', () => {
    const divisor = fc
      .tuple(fc.nat(20), fc.nat(20))
      .map(([twos, fives]) => 2n ** BigInt(twos) * 5n ** BigInt(fives));
    fc.assert(
      fc.property(decimal, divisor, (a, by) => {
        expect(multiply(divideExactly(a, by), decimalOf(by))).toEqual(a);
      }),
      runs,
    );
    expect([1n, 3n, 0n, -5n, 3600n, 102_400n].map(hasFiniteReciprocal)).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(() => divideExactly(d('1'), 3n)).toThrow(RangeError);
  });

  it('rounds to the nearest, halves away from zero', () => {
    fc.assert(
      fc.property(decimal, fc.integer({ min: 0, max: 10 }), (a, places) => {
        const rounded = roundHalfUp(a, places);
        const off = add(a, multiply(rounded, decimalOf(-1n)));
        const half: Decimal = { units: 5n, scale: places + 1 };
        expect(rounded.scale).toBeLessThanOrEqual(places);
        expect(compare({ ...off, units: off.units < 0n ? -off.units : off.units }, half)).toBeLessThanOrEqual(
          0,
        );
        expect(roundHalfUp({ ...a, units: -a.units }, places)).toEqual(multiply(rounded, decimalOf(-1n)));
      }),
      runs,
    );
  });
});
