import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import type { InvoicePage } from './invoice.page.js';
import { invoicePdf } from './invoice.pdf.js';
import { PAGE_HEIGHT, PAGE_WIDTH } from './pdf.js';
import { printable, textWidth, wrapped } from './pdf.font.js';

const runs = propertyRuns();
const AT = '2026-12-01T01:02:03.456Z';
const page: InvoicePage = {
  title: 'Invoice INV-1-000001',
  facts: ['Month 2026-11 (UTC)', 'Issued 2026-12-01'],
  buyer: ['Zoë (Ann) \\ Söhne', '1 Road', 'DE'],
  head: ['Item', 'Quantity', 'Unit', 'Rate', 'Amount (USD)'],
  rows: [
    ['Requests (dear 1)', '3000000', 'request', '0.0000004', '1.20'],
    ['CPU time (dear 1)', '500000', 'vCPU-s', '0.000024', '12.00'],
  ],
  sums: [
    ['Sum', '13.20'],
    ['VAT 19 % of 13.20', '2.51'],
    ['To be paid (USD)', '15.71'],
  ],
};
const fileOf = (of: Partial<InvoicePage> = {}, at = AT): string =>
  Buffer.from(invoicePdf({ ...page, ...of }, at)).toString('latin1');

interface Shown {
  text: string;
  x: number;
  y: number;
  size: number;
}

/** What a reader finds by the table of objects: the texts of each page, from the upper edge. */
function read(file: string): { info: string; pages: Shown[][] } {
  const table = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(file)?.[1]);
  const [, count = '0'] = /^xref\n0 (\d+)\n/.exec(file.slice(table)) ?? [];
  const entries = file
    .slice(table)
    .split('\n')
    .slice(2, Number(count) + 2);
  const objects = entries.map((entry, i) => {
    expect(entry).toMatch(/^\d{10} \d{5} [fn] $/);
    const from = file.slice(Number(entry.slice(0, 10)));
    if (i > 0) expect(from.startsWith(`${i} 0 obj\n`)).toBe(true);
    return from.slice(0, from.indexOf('\nendobj\n'));
  });
  const object = (reference: string | undefined): string => objects[Number(reference)] ?? '';
  const [, root, info] = /\/Root (\d+) 0 R \/Info (\d+) 0 R/.exec(file) ?? [];
  const kids = object(/\/Pages (\d+) 0 R/.exec(object(root))?.[1]);
  const numbers = [...(/\[(.*)\]/.exec(kids)?.[1] ?? '').matchAll(/(\d+) 0 R/g)].map(([, n]) => n);
  expect(kids).toContain(`/Count ${numbers.length} `);
  const pages = numbers.map((n) => textsOf(object(/\/Contents (\d+) 0 R/.exec(object(n))?.[1])));
  return { info: object(info), pages };
}

function textsOf(object: string): Shown[] {
  const [, length, stream = ''] = /\/Length (\d+) >>\nstream\n([^]*)\nendstream$/.exec(object) ?? [];
  expect(stream).toHaveLength(Number(length));
  const texts = stream.matchAll(/^BT \/F\d (\S+) Tf (\S+) (\S+) Td \((.*)\) Tj ET$/gm);
  return [...texts].map(([, size, x, y, text = '']) => ({
    text: text
      .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
      .replace(/\\([\\()])/g, '$1'),
    ...{ x: Number(x), y: PAGE_HEIGHT - Number(y), size: Number(size) },
  }));
}
const textsIn = (file: string): string[] =>
  read(file)
    .pages.flat()
    .map(({ text }) => text);

describe('an invoice as PDF', () => {
  it('shows all that the page has, in its order, and the number of the page', () => {
    const { title, buyer, facts, head, rows, sums } = page;
    const all = [title, ...buyer, ...facts, ...head, ...rows.flat(), ...sums.flat()];
    expect(textsIn(fileOf())).toEqual([...all, 'Invoice INV-1-000001, page 1 of 1']);
  });

  it('is the same bytes for the same invoice; it was made when the invoice was', () => {
    expect(fileOf()).toBe(fileOf());
    expect(read(fileOf()).info).toContain('/CreationDate (D:20261201010203Z)');
    expect(fileOf({}, '2026-12-02T00:00:00.000Z')).not.toBe(fileOf());
    expect(fileOf({ sums: [['To be paid (USD)', '15.72']] })).not.toBe(fileOf());
  });

  it('begins new pages, each under the head of the table and with its number', () => {
    const rows = Array.from({ length: 150 }, (_, i) => [`Item ${i}`, String(i), 's', '1', `${i}.00`]);
    const { pages } = read(fileOf({ rows }));
    expect(pages.length).toBeGreaterThan(2);
    pages.forEach((texts, i) => {
      expect(texts.filter(({ text }) => text === 'Quantity')).toHaveLength(1);
      expect(texts.at(-1)?.text).toBe(`Invoice INV-1-000001, page ${i + 1} of ${pages.length}`);
    });
    expect(pages.flat().filter(({ text }) => /^Item \d/.test(text))).toHaveLength(150);
  });

  it('says when letters are missing', () => {
    expect(textsIn(fileOf()).join()).not.toContain('cannot be printed');
    const shown = textsIn(fileOf({ buyer: ['Łódź 東京 Ltd'] }));
    expect(shown).toContain('?ódz ?? Ltd');
    expect(shown.join()).toContain('Some letters cannot be printed here');
  });

  it(`draws nothing beyond the margins and loses no text, whatever is in it (seed ${runs.seed})`, () => {
    const text = fc.oneof(fc.string({ maxLength: 90 }), fc.string({ unit: 'grapheme', maxLength: 90 }));
    const row = fc.array(text, { minLength: 5, maxLength: 5 });
    const rows = fc.array(row, { maxLength: 40 });
    fc.assert(
      fc.property(rows, fc.array(text, { maxLength: 5 }), (made, buyer) => {
        const { pages } = read(fileOf({ rows: made, buyer }));
        for (const { x, y } of pages.flat()) {
          expect(x).toBeGreaterThanOrEqual(55.9);
          expect(x).toBeLessThan(PAGE_WIDTH - 55.9);
          expect(y).toBeGreaterThan(0);
          expect(y).toBeLessThan(PAGE_HEIGHT);
        }
        const letters = (list: readonly string[]): number =>
          list.join('').replaceAll(/[ \u00a0]/g, '').length;
        const given = letters([...made.flat(), ...buyer].map((one) => printable(one).text));
        const others = letters(textsIn(fileOf({ rows: [], buyer: [] })));
        expect(letters(pages.flat().map((one) => one.text))).toBeGreaterThanOrEqual(given + others);
      }),
      { ...runs, numRuns: Math.min(runs.numRuns ?? 100, 100) },
    );
  });
});

describe('text', () => {
  it.each<[string, number, string[]]>([
    ['', 50, ['']],
    ['one two three', 1000, ['one two three']],
    ['one two three', 30, ['one', 'two', 'three']],
    ['0.00000000000000000001', 40, ['0.000000', '0000000', '0000001']],
  ])('%j is broken for %d points', (text, width, lines) => {
    expect(wrapped(text, width, 9, 'Helvetica')).toEqual(lines);
  });

  it('is as wide as Adobe says', () => {
    // Helvetica: T 611, o 556, w 722; bold: T 611, o 611, w 778
    expect(textWidth('Tow', 10, 'Helvetica')).toBeCloseTo(18.89);
    expect(textWidth('Tow', 10, 'Helvetica-Bold')).toBeCloseTo(20);
  });

  it('keeps the letters that the font has', () => {
    const kept = 'Zoë, Škoda & “Œuvre” – 5 €';
    expect(printable(kept)).toEqual({ text: kept, isWhole: true });
    expect(printable('e\u0301')).toEqual({ text: 'é', isWhole: true });
    expect(printable('tab\there')).toEqual({ text: 'tab?here', isWhole: false });
  });
});
