/** A statement with one of its filters, or all of them, gone. */
export interface Mutant {
  name: string;
  text: string;
}

const FILTER =
  /\b((?:\w+\.)?organization_id)\s*(?:=|IS NOT DISTINCT FROM)\s*(?:\$(\d+)(?:::\w+)?|ANY\s*\(\s*\$(\d+)[^)]*\))/g;
/** Of the table of organizations itself the id is the filter. */
const OWN_ID = /\b((?:organizations\.|o\.)?id)\s*=\s*\$(\d+)()/g;

/**
 * The mutants of a statement: its text as it is (it will be asked for another organization's things), each filter by
 * organization replaced by what is always true, and all of them at once. Parameters stay used, so their types stay known.
 */
export function mutantsOf(name: string, text: string): Mutant[] {
  const filter = /\b(?:FROM|UPDATE)\s+organizations\b/.test(text) ? OWN_ID : FILTER;
  const places = [...text.matchAll(filter)].filter(({ index }) => !isWritten(text, index));
  const without = (indexes: number[]): string =>
    indexes.reduceRight((kept, index) => {
      const match = places[index] as RegExpMatchArray;
      const [whole, , single, list] = match;
      const always =
        single === undefined ? `($${list}::text[] IS NULL OR true)` : `($${single}::text IS NULL OR true)`;
      return kept.slice(0, match.index) + always + kept.slice((match.index ?? 0) + whole.length);
    }, text);
  const all = places.map((_, index) => index);
  return [
    { name: `${name} as it is`, text },
    ...(places.length > 1
      ? all.map((index) => ({ name: `${name} without filter ${index + 1}`, text: without([index]) }))
      : []),
    ...(places.length > 0 ? [{ name: `${name} without filters`, text: without(all) }] : []),
  ];
}

/** What a parameter is to its statement. */
export type Use =
  | { kind: 'equal' | 'written'; column: string }
  /** A bound that what is told lies above or below, or a limit. */
  | { kind: 'lower' }
  | { kind: 'upper' }
  /** Nothing asked when it is null. */
  | { kind: 'optional' };

const COMPARED: readonly [RegExp, (column: string, written: boolean) => Use][] = [
  [/\$@(?:::[\w[\]]+)? IS NULL/, () => ({ kind: 'optional' })],
  [
    /(\w+)\s*(?:=|IS NOT DISTINCT FROM)\s*(?:ANY\s*\(\s*)?\$@\b/,
    (column, written) => ({ kind: written ? 'written' : 'equal', column }),
  ],
  [/>=?\s*\$@\b/, () => ({ kind: 'lower' })],
];

/** Read off the text: by what stands before the parameter, or by its place among the values of an INSERT. */
export function useOf(text: string, parameter: number): Use {
  for (const [pattern, use] of COMPARED) {
    const found = new RegExp(pattern.source.replace('@', String(parameter))).exec(text);
    if (found) return use(found[1] ?? '', isWritten(text, found.index));
  }
  const insert =
    /INSERT INTO \w+\s*(?:AS \w+\s*)?\(([^)]*)\)\s*VALUES\s*\(([^;]*?)\)\s*(?:ON|RETURNING|$)/s.exec(text);
  const values = (insert?.[2] ?? '').split(/,(?![^(]*\))/);
  const at = values.findIndex((value) => new RegExp(`\\$${parameter}\\b`).test(value));
  const column = insert?.[1]?.split(',')[at]?.trim();
  return column === undefined ? { kind: 'upper' } : { kind: 'written', column };
}

/** Whether what stands there is what an UPDATE writes, and no condition. */
function isWritten(text: string, index: number): boolean {
  const words = text.slice(0, index).match(/\b(SET|WHERE|AND|OR|ON)\b/g);
  return words?.at(-1) === 'SET';
}

/** The tables that a statement changes. */
export function changedTables(text: string): string[] {
  const found = text.matchAll(/\b(?:INSERT INTO|(?<!DO )UPDATE|DELETE FROM)\s+(\w+)/g);
  return [...new Set([...found].map((match) => match[1] ?? ''))];
}
