import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { parseRatio } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { owing } from './ledger.entries.js';
import {
  chainedRow,
  dayHash,
  dayRow,
  endRow,
  entryRow,
  headRow,
  lineRow,
  merkleRoot,
  sealHash,
  sealRow,
  type LedgerRow,
} from './ledger.seal.js';
import type { LedgerEntry, LedgerLine, Seal } from './ledger.types.js';
import { LedgerVerifier } from './ledger.verification.js';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const pair = generateKeyPairSync('ed25519');
const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k' };
const check = (_kid: string, key: unknown, hash: string, signature: string): boolean =>
  verify(
    null,
    Buffer.from(hash, 'hex'),
    createPublicKey({ key: key as never, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );

const line = (n: number): LedgerLine => ({
  ...{
    windowStartMs: 3_600_000,
    projectId: 'prj',
    serviceId: `svc_${n}`,
    revisionId: 'rev',
    priceZone: 'default',
  },
  ...{ planId: 'p', planVersion: 1, item: 'cpu' },
  ...{
    measured: { units: BigInt(n), scale: 0 },
    multiplier: { units: 1n, scale: 0 },
    amount: parseRatio(`${n}/3`),
  },
});
const entry = (n: number): LedgerEntry => ({
  ...{ organizationId: 'org', id: `ent_${n}`, key: `payment/${n}`, kind: 'payment', currency: 'USD' },
  ...{ actorId: 'key', createdAt: n, postings: owing('payments', parseRatio(`-${n}.5`)) },
});

const signed = (hash: string): { hash: string; signature: string } => {
  const signature = sign(null, Buffer.from(hash, 'hex'), pair.privateKey).toString('base64url');
  return { hash, signature };
};

interface Shape {
  lines: number;
  entries: number;
  /** The day ends behind it. */
  ends?: boolean;
}

/** Rows of an export: seals over so many lines and entries each. */
function rowsOf(shape: readonly Shape[]): LedgerRow[] {
  const rows: LedgerRow[] = [
    headRow({
      ...{ organizationId: 'org', first: 1, previous: '', firstOfDay: 1, previousDay: '' },
      keys: [jwk],
    }),
  ];
  let previous = '';
  let before = { last: 0, hash: '' };
  let n = 0;
  shape.forEach(({ lines, entries, ends }, i) => {
    const number = i + 1;
    const own = [
      ...Array.from({ length: lines }, (_, k) => lineRow(number, k, line(++n))),
      ...Array.from({ length: entries }, (_, k) => entryRow(number, lines + k, entry(++n))),
    ];
    const seal: Seal = {
      ...{ organizationId: 'org', number, kind: 'window', windowStartMs: 0, position: i, streamSequence: i },
      ...{ lines, entries, root: merkleRoot(own, sha256), previous, sealedAt: i, kid: 'k' },
    };
    const hash = sealHash(seal, sha256);
    rows.push(...own, sealRow({ ...seal, ...signed(hash) }));
    previous = hash;
    if (ends !== true) return;
    const day = {
      ...{ organizationId: 'org', day: `2026-11-0${number}`, first: before.last + 1, last: number },
      ...{ head: hash, previous: before.hash, kid: 'k' },
    };
    rows.push(dayRow({ ...day, ...signed(dayHash(day, sha256)) }));
    before = { last: number, hash: dayHash(day, sha256) };
  });
  const days = shape.filter(({ ends }) => ends).length;
  return [...rows, endRow({ seals: shape.length, head: previous, days })];
}

/** As an export writes them, also rows that somebody changed before. */
function written(rows: readonly LedgerRow[]): string[] {
  let chain = '';
  return rows.map((row) => {
    const made = chainedRow(row, chain, sha256);
    ({ chain } = made);
    return made.text;
  });
}

function verified(texts: readonly string[], kept?: string): string {
  const verifier = new LedgerVerifier(sha256, check, kept);
  try {
    for (const text of texts) verifier.add(text);
    const { seals, lines, entries } = verifier.finish();
    return `${seals} seals, ${lines} lines, ${entries} entries`;
  } catch (error) {
    return /^line \d+/.exec((error as Error).message)?.[0] ?? String(error);
  }
}

const shapes = fc.array(
  fc.record({
    lines: fc.integer({ min: 0, max: 4 }),
    entries: fc.integer({ min: 0, max: 2 }),
    ends: fc.boolean(),
  }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

describe('a ledger that is as it was written', () => {
  it.each([
    ['nothing', [], '0 seals, 0 lines, 0 entries'],
    ['an empty window', [{ lines: 0, entries: 0 }], '1 seals, 0 lines, 0 entries'],
    [
      'lines and entries',
      [
        { lines: 3, entries: 1 },
        { lines: 0, entries: 2 },
      ],
      '2 seals, 3 lines, 3 entries',
    ],
  ])('is right: %s', (_name, shape, expected) => {
    expect(verified(written(rowsOf(shape)))).toBe(expected);
  });

  it('says what its entries come to', () => {
    const verifier = new LedgerVerifier(sha256, check);
    for (const text of written(rowsOf([{ lines: 0, entries: 2 }]))) verifier.add(text);
    const accounts = [
      { account: 'balance', amount: '-4', currency: 'USD' },
      { account: 'payments', amount: '4', currency: 'USD' },
    ];
    expect(verifier.finish()).toMatchObject({ kids: ['k'], accounts });
  });
});

describe('after one change in the file, the first bad line is named', () => {
  it('an edit, wherever it is and whatever it changes', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('0', 'x', '"', ' ', ''),
        (shape, at, place, by) => {
          const texts = written(rowsOf(shape));
          const i = at % texts.length;
          const text = texts[i] ?? '';
          const k = place % text.length;
          const edited = text.slice(0, k) + by + text.slice(k + 1);
          fc.pre(edited !== text);
          expect(verified(texts.with(i, edited))).toBe(`line ${i + 1}`);
        },
      ),
      propertyRuns(),
    );
  });

  it('a removal, a swap, a row twice, and a file that is cut off', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), (shape, first, second) => {
        const texts = written(rowsOf(shape));
        const i = first % texts.length;
        const j = second % texts.length;
        expect(verified(texts.toSpliced(i, 1))).toBe(`line ${i + 1}`);
        expect(verified(texts.slice(0, i))).toBe(`line ${i + 1}`);
        expect(verified(texts.toSpliced(i, 0, texts[i] ?? ''))).toBe(`line ${i + 2}`);
        if (i === j) return;
        const swapped = texts.with(i, texts[j] ?? '').with(j, texts[i] ?? '');
        expect(verified(swapped)).toBe(`line ${Math.min(i, j) + 1}`);
      }),
      propertyRuns(),
    );
  });
});

describe('rows that were changed before they were written out', () => {
  const rows = rowsOf([
    { lines: 2, entries: 1 },
    { lines: 1, entries: 0 },
  ]);
  const at = (i: number): LedgerRow => rows[i] as LedgerRow;
  it.each<[string, LedgerRow[], string]>([
    ['a line with another amount: its seal', rows.with(1, { ...at(1), amount: '9' }), 'line 5'],
    ['a line less: the one after it', rows.toSpliced(1, 1), 'line 2'],
    ['an entry that does not sum to zero', rows.with(3, { ...at(3), postings: [] }), 'line 5'],
    [
      'an entry with one posting changed',
      rows.with(3, { ...at(3), postings: [{ account: 'balance', amount: '1' }] }),
      'line 4',
    ],
    ['a seal that says another position', rows.with(4, { ...at(4), position: 7 }), 'line 5'],
    ['a window less, with its seal', rows.toSpliced(1, 4), 'line 2'],
    ['the last window less', rows.toSpliced(5, 2), 'line 6'],
    ['another key', rows.with(0, { ...at(0), keys: [] }), 'line 5'],
    ['another organization', rows.with(0, { ...at(0), organizationId: 'org_2' }), 'line 5'],
  ])('%s', (_name, changed, expected) => {
    expect(verified(written(changed))).toBe(expected);
  });
});

describe('ends of days', () => {
  const rows = rowsOf([
    { lines: 1, entries: 0, ends: true },
    { lines: 1, entries: 0 },
    { lines: 1, entries: 0, ends: true },
    { lines: 0, entries: 1 },
  ]);
  const kinds = [
    'ledger',
    'line',
    'seal',
    'day',
    'line',
    'seal',
    'line',
    'seal',
    'day',
    'entry',
    'seal',
    'end',
  ];
  const at = (i: number): LedgerRow => rows[i] as LedgerRow;
  const ending = (change: Record<string, unknown>): LedgerRow => ({ ...at(11), ...change });

  it('are right as they were written, and the last one is told', () => {
    expect(rows.map(({ kind }) => kind)).toEqual(kinds);
    const verifier = new LedgerVerifier(sha256, check);
    for (const text of written(rows)) verifier.add(text);
    expect(verifier.finish()).toMatchObject({
      ...{ seals: 4, days: 2 },
      lastDay: { day: '2026-11-03', hash: at(8)['hash'] },
    });
  });

  it.each<[string, LedgerRow[], string]>([
    ['seals of a day that is over cut off, and the end made to fit', cut(), 'line 7'],
    ['a day left out: the next one', rows.toSpliced(3, 1), 'line 8'],
    ['a day swapped with another', rows.with(3, at(8)).with(8, at(3)), 'line 4'],
    ['a day twice', rows.toSpliced(4, 0, at(3)), 'line 5'],
    ['a day that says another date', rows.with(3, { ...at(3), day: '2026-11-02' }), 'line 4'],
    ['a day that begins elsewhere', rows.with(8, { ...at(8), first: 3 }), 'line 9'],
    ['a day before the seal of its rows', rows.with(2, at(3)).with(3, at(2)), 'line 3'],
    ['another number of days', rows.with(11, ending({ days: 1 })), 'line 12'],
  ])('%s', (_name, changed, expected) => {
    expect(verified(written(changed))).toBe(expected);
  });

  /** Without the last seal of the second day, whose signed end stays. */
  function cut(): LedgerRow[] {
    const head = String(at(5)['hash']);
    return [...rows.slice(0, 6), at(8), ending({ seals: 2, head })];
  }

  it('one that was kept is missed where everything from some seal on was cut off, signed ends and all', () => {
    const until = (count: number, seals: number, days: number): LedgerRow[] => {
      const head = rows.slice(0, count).findLast(({ kind }) => kind === 'seal')?.['hash'] ?? '';
      return [...rows.slice(0, count), ending({ seals, days, head })];
    };
    const [seal, day] = [String(at(7)['hash']), String(at(8)['hash'])];
    for (const kept of [seal, day, undefined])
      expect(verified(written(until(11, 4, 2)), kept)).toBe('4 seals, 3 lines, 1 entries');
    expect(verified(written(until(8, 3, 1)), seal)).toBe('3 seals, 3 lines, 0 entries');
    expect(verified(written(until(8, 3, 1)), day)).toBe('line 9');
    expect(verified(written(until(4, 1, 1)), seal)).toBe('line 5');
    expect(verified(written(until(4, 1, 1)))).toBe('1 seals, 1 lines, 0 entries');
  });

  it('an export of the release before, which has none, is right', () => {
    const { firstOfDay: _first, previousDay: _previous, ...head } = at(0);
    const { days: _days, ...end } = at(11);
    const seals = rows.filter(({ kind }) => kind !== 'day').slice(1, -1);
    const former = [{ ...head, schemaVersion: 1 } as LedgerRow, ...seals, end as LedgerRow];
    expect(verified(written(former))).toBe('4 seals, 3 lines, 1 entries');
  });

  it('a file from a seal within a day is right, by what its head says of the days before', () => {
    const head = {
      ...{ ...at(0), first: 3, previous: at(5)['hash'] },
      ...{ firstOfDay: 2, previousDay: at(3)['hash'] },
    };
    const later = [head as LedgerRow, ...rows.slice(6, 11), ending({ seals: 2, days: 1 })];
    expect(verified(written(later))).toBe('2 seals, 1 lines, 1 entries');
    // what was kept is what it goes on from: the signed rows after it say so, the head alone does not
    for (const kept of [at(5)['hash'], at(3)['hash']])
      expect(verified(written(later), String(kept))).toBe('2 seals, 1 lines, 1 entries');
    expect(verified(written(later), String(at(2)['hash']))).toBe('line 7');
    const none = [head as LedgerRow, ending({ seals: 0, days: 0, head: at(5)['hash'] })];
    expect(verified(written(none), String(at(5)['hash']))).toBe('line 2');
    expect(verified(written(later.with(0, { ...head, firstOfDay: 3 })))).toBe('line 4');
  });
});
