import type { InvoicePage } from './invoice.page.js';
import { PAGE_HEIGHT, PAGE_WIDTH, pdfOf, type PdfMark } from './pdf.js';
import { printable, textWidth, wrapped, type PdfFace } from './pdf.font.js';

const MARGIN = 56;
const BOTTOM = PAGE_HEIGHT - MARGIN;
const WIDTH = PAGE_WIDTH - 2 * MARGIN;
/** Of the columns after the first; that one has what is left. */
const NARROW = [84, 70, 64, 84];
const COLUMNS = [WIDTH - NARROW.reduce((sum, width) => sum + width, 0), ...NARROW];
const GAP = 8;
const SIZE = 9;
const LINE = 13;
const BOLD: PdfFace = 'Helvetica-Bold';
const PLAIN: PdfFace = 'Helvetica';

/**
 * The page as a PDF on A4; the same page gives the same bytes. Its font has the letters of Western Europe: others lose their
 * marks or become `?`, and a note says so.
 * @param issuedAt RFC 3339 in UTC: when the file says it was made
 */
export function invoicePdf(
  { title, buyer, facts, head, rows, sums }: InvoicePage,
  issuedAt: string,
): Uint8Array {
  const sheet = new Sheet();
  sheet.paragraph([title], 18);
  sheet.paragraph(buyer, 10);
  sheet.paragraph(facts, 10);
  sheet.table(head, rows);
  sums.forEach(([name, amount], i) => sheet.sum(name, amount, i === sums.length - 1 ? BOLD : PLAIN));
  sheet.end(title);
  return pdfOf(sheet.pages, { title: printable(title).text, at: issuedAt });
}

/** Draws from top to bottom and begins a new page where there is no room. */
class Sheet {
  readonly pages: PdfMark[][] = [[]];
  private y = MARGIN;
  private isWhole = true;

  paragraph(lines: readonly string[], size: number): void {
    for (const line of lines) {
      for (const part of this.lines(line, WIDTH, size, PLAIN)) {
        this.room(size * 1.4);
        this.text(part, MARGIN, size, PLAIN);
        this.y += size * 1.4;
      }
    }
    this.y += LINE;
  }

  /** Its head stands on every page that it is on. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const top = (): void => this.row(head, BOLD);
    this.room(4 * LINE);
    top();
    for (const row of rows) this.row(row, PLAIN, top);
    this.y += LINE / 2;
  }

  sum(name: string, amount: string, face: PdfFace): void {
    const last = COLUMNS.at(-1) ?? 0;
    for (const [i, line] of this.lines(name, WIDTH - last - GAP, SIZE, face).entries()) {
      this.room(LINE + 2);
      this.right(line, PAGE_WIDTH - MARGIN - last, SIZE, face);
      if (i === 0) this.right(this.lines(amount, last, SIZE, face).join(''), PAGE_WIDTH - MARGIN, SIZE, face);
      this.y += LINE + 2;
    }
  }

  /** A note on letters, when there are such, and the number of each page. */
  end(title: string): void {
    if (!this.isWhole) {
      this.y += LINE;
      this.paragraph(['Some letters cannot be printed here; the forms HTML and JSON have them.'], 8);
    }
    this.pages.forEach((_, i) => {
      const name = `${printable(title).text}, page ${i + 1} of ${this.pages.length}`;
      const x = PAGE_WIDTH - MARGIN - textWidth(name, 8, PLAIN);
      this.pages[i]?.push({ kind: 'text', text: name, x, y: PAGE_HEIGHT - MARGIN / 2, size: 8, face: PLAIN });
    });
  }

  private row(cells: readonly string[], face: PdfFace, onNewPage?: () => void): void {
    const wide = COLUMNS.map((width, i) => this.lines(cells[i] ?? '', width - GAP, SIZE, face));
    const height = Math.max(...wide.map((lines) => lines.length)) * LINE;
    if (this.room(Math.min(height + LINE, BOTTOM - 3 * MARGIN))) onNewPage?.();
    for (let i = 0; i * LINE < height; i += 1) {
      if (this.room(LINE)) onNewPage?.();
      this.cells(
        wide.map((lines) => lines[i] ?? ''),
        face,
      );
      this.y += LINE;
    }
    this.page().push({ kind: 'rule', x: MARGIN, y: this.y - LINE + 4, width: WIDTH });
    this.y += 4;
  }

  private cells(texts: readonly string[], face: PdfFace): void {
    let end = MARGIN;
    texts.forEach((text, i) => {
      end += COLUMNS[i] ?? 0;
      if (i === 0) this.text(text, MARGIN, SIZE, face);
      else this.right(text, end, SIZE, face);
    });
  }

  private right(text: string, end: number, size: number, face: PdfFace): void {
    this.text(text, end - textWidth(text, size, face), size, face);
  }

  private text(text: string, x: number, size: number, face: PdfFace): void {
    if (text !== '') this.page().push({ kind: 'text', text, x, y: this.y, size, face });
  }

  private lines(text: string, width: number, size: number, face: PdfFace): string[] {
    const shown = printable(text);
    this.isWhole &&= shown.isWhole;
    return wrapped(shown.text, width, size, face);
  }

  /** Whether a new page was begun. */
  private room(height: number): boolean {
    if (this.y + height <= BOTTOM) return false;
    this.pages.push([]);
    this.y = MARGIN;
    return true;
  }

  private page(): PdfMark[] {
    return this.pages.at(-1) ?? [];
  }
}
