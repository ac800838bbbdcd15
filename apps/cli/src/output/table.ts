/** One column of a table: its head and what a row shows there. */
export type Columns<T> = Readonly<Record<string, (row: T) => string | number | boolean | undefined>>;

const GAP = '  ';
// Control characters of a name or a log line must not drive the terminal.
const CONTROL = /[\p{Cc}\p{Cf}]/gu;

/** Lines of text with aligned columns; an empty value is `-`. */
export function tableOf<T>(rows: readonly T[], columns: Columns<T>): string[] {
  const heads = Object.keys(columns);
  const body = rows.map((row) => heads.map((head) => cell(columns[head]?.(row))));
  const widths = heads.map((head, at) => Math.max(head.length, ...body.map((line) => line[at]?.length ?? 0)));
  return [heads, ...body].map((line) =>
    line
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** Lines of `Name:  value`; entries without a value are left out. */
export function fieldsOf(fields: Readonly<Record<string, string | number | boolean | undefined>>): string[] {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 1;
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width)}${GAP}${cell(value)}`);
}

function cell(value: string | number | boolean | undefined): string {
  const text = printable(String(value ?? ''));
  return text === '' ? '-' : text;
}

/** The text without characters that would drive a terminal. Tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (found) => (found === '\t' ? found : ''));
}
