import { pdfString, type PdfFace } from './pdf.font.js';

/** A4, in points. */
export const PAGE_WIDTH = 595.28;
export const PAGE_HEIGHT = 841.89;

/** What is drawn on a page; `y` is the base line of a text or a rule, in points from the upper edge. */
export type PdfMark =
  | { kind: 'text'; text: string; x: number; y: number; size: number; face: PdfFace }
  | { kind: 'rule'; x: number; y: number; width: number };

const FACES: readonly PdfFace[] = ['Helvetica', 'Helvetica-Bold'];
/** Numbers of the objects that are the same in every file; those of the pages follow. */
const [CATALOG, PAGES, INFO, FONT] = [1, 2, 3, 4] as const;
const FIRST_PAGE = FONT + FACES.length;

/**
 * A PDF 1.4 file (ISO 32000-1) of pages of text in the standard fonts. The same pages give the same bytes: all of them
 * are ASCII, and nothing in it is of the time at which it is made.
 * @param info texts are printable; `at` is RFC 3339 in UTC
 */
export function pdfOf(
  pages: readonly (readonly PdfMark[])[],
  { title, at }: { title: string; at: string },
): Uint8Array {
  const pageNumber = (i: number): number => FIRST_PAGE + 2 * i;
  const date = pdfString(`D:${at.slice(0, 19).replace(/[-:T]/g, '')}Z`);
  const kids = pages.map((_, i) => `${pageNumber(i)} 0 R`).join(' ');
  const objects = [
    `<< /Type /Catalog /Pages ${PAGES} 0 R /Lang (en) /ViewerPreferences << /DisplayDocTitle true >> >>`,
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    `<< /Title ${pdfString(title)} /Producer (Towpath) /CreationDate ${date} /ModDate ${date} >>`,
    ...FACES.map((face) => `<< /Type /Font /Subtype /Type1 /BaseFont /${face} /Encoding /WinAnsiEncoding >>`),
    ...pages.flatMap((marks, i) => [pageObject(pageNumber(i) + 1), streamObject(marks.map(drawn))]),
  ];
  return bytesOf(fileOf(objects));
}

function pageObject(contents: number): string {
  const fonts = FACES.map((_, i) => `/F${i} ${FONT + i} 0 R`).join(' ');
  return [
    `<< /Type /Page /Parent ${PAGES} 0 R /MediaBox [0 0 ${PAGE_WIDTH} ${PAGE_HEIGHT}]`,
    `/Resources << /Font << ${fonts} >> >> /Contents ${contents} 0 R >>`,
  ].join('\n');
}

function streamObject(lines: readonly string[]): string {
  const text = lines.join('\n');
  return `<< /Length ${text.length} >>\nstream\n${text}\nendstream`;
}

function drawn(mark: PdfMark): string {
  const at = (x: number, y: number): string => `${points(x)} ${points(PAGE_HEIGHT - y)}`;
  const { x, y } = mark;
  if (mark.kind === 'rule') return `0.75 G 0.5 w ${at(x, y)} m ${at(x + mark.width, y)} l S`;
  const { text, size, face } = mark;
  return `BT /F${FACES.indexOf(face)} ${size} Tf ${at(x, y)} Td ${pdfString(text)} Tj ET`;
}

function points(value: number): string {
  return value.toFixed(2);
}

/** Objects, where each begins, and where that table begins. */
function fileOf(objects: readonly string[]): string {
  const offsets: number[] = [];
  let text = '%PDF-1.4\n';
  objects.forEach((object, i) => {
    offsets.push(text.length);
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
  });
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
  return [
    `${text}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}`,
    `trailer\n<< /Size ${objects.length + 1} /Root ${CATALOG} 0 R /Info ${INFO} 0 R >>\n`,
    `startxref\n${text.length}\n%%EOF\n`,
  ].join('');
}

function bytesOf(ascii: string): Uint8Array {
  return Uint8Array.from(ascii, (letter) => letter.charCodeAt(0));
}
