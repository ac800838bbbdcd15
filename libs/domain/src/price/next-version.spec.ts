import { BUILTIN_DOCUMENTS, BUILTIN_PLAN } from './builtin.plans.js';
import { nextVersion } from './schedule.js';

const NOW = Date.UTC(2026, 10, 21, 12);
const document = { ...BUILTIN_DOCUMENTS[0], version: 2, effectiveFrom: '2026-12-01T00:00:00Z' };
const fieldsOf = (change: object, before = [BUILTIN_PLAN]): string[] => {
  try {
    nextVersion(before, { ...document, ...change }, { now: NOW, path: 'document' });
    return [];
  } catch (error) {
    return (error as { violations: { field: string }[] }).violations.map(({ field }) => field);
  }
};

describe('a version that is to be stored', () => {
  it.each<[string, object, string[]]>([
    ['in force from later on', {}, []],
    ['in force from the next minute', { effectiveFrom: '2026-11-21T12:01:00Z' }, []],
    ['in force from now', { effectiveFrom: '2026-11-21T12:00:00Z' }, ['document.effectiveFrom']],
    ['in force within a minute', { effectiveFrom: '2026-12-01T00:00:30Z' }, ['document.effectiveFrom']],
    ['of a number that was there', { version: 1 }, ['document.version']],
    ['in another currency', { currency: 'EUR' }, ['document.currency']],
    [
      'wrong in itself',
      { items: [{ id: 'cpu' }], decimals: 9 },
      [
        'document.decimals',
        ...['name', 'measure', 'unit'].map((field) => `document.items[0].${field}`),
        'document.items[0].rate',
      ],
    ],
  ])('%s', (_what, change, expected) => {
    expect(fieldsOf(change)).toEqual(expected);
  });

  it('may be in force from the past when it is the first: nothing was rated by it', () => {
    expect(fieldsOf({ id: 'new', version: 1, effectiveFrom: '2020-01-01T00:00:00Z' }, [])).toEqual([]);
  });
});
