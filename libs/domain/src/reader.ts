import type { Violation } from './error.js';

/**
 * Reads one value of foreign data: gives what it says, or notes why it is wrong and gives something harmless to go on
 * with, so that all reasons are found at once.
 */
export type Reader<T> = (value: unknown, path: string, found: Violation[]) => T;

/** What a list of readers, one per field, gives. */
export type Fields<T> = { [K in keyof T]-?: Reader<T[K]> };

/** A text of a form. */
export function textOf(form: RegExp, message: string): Reader<string> {
  return (value, path, found) => {
    if (typeof value === 'string' && form.test(value)) return value;
    found.push({ field: path, message: `must be ${message}` });
    return '';
  };
}

/** One of a closed list of words. */
export function wordOf<T extends string>(words: readonly T[]): Reader<T> {
  return (value, path, found) => {
    const word = words.find((one) => one === value);
    if (word === undefined) found.push({ field: path, message: `must be one of ${words.join(', ')}` });
    return word ?? (words[0] as T);
  };
}

/** A whole number within bounds. Not for money, not for products of usage. */
export function wholeNumber(low: number, high: number): Reader<number> {
  return (value, path, found) => {
    if (Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high)
      return value as number;
    found.push({ field: path, message: `must be a whole number from ${low} to ${high}` });
    return low;
  };
}

export const flag: Reader<boolean> = (value, path, found) => {
  if (typeof value !== 'boolean') found.push({ field: path, message: 'must be true or false' });
  return value === true;
};

/** A value that may be absent; then `absent` counts. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined>;
export function optional<T>(reader: Reader<T>, absent: NoInfer<T>): Reader<T>;
export function optional<T>(reader: Reader<T>, absent?: T): Reader<T | undefined> {
  return (value, path, found) => (value === undefined ? absent : reader(value, path, found));
}

/** A list with bounds on its length. */
export function listOf<T>(reader: Reader<T>, low: number, high: number): Reader<T[]> {
  return (value, path, found) => {
    if (!Array.isArray(value) || value.length < low || value.length > high) {
      found.push({ field: path, message: `must be a list of ${low}-${high}` });
      return [];
    }
    return value.map((one, i) => reader(one, `${path}[${i}]`, found));
  };
}

/** An object with these fields and no other. */
export function objectOf<T>(fields: Fields<T>, what: string): Reader<T> {
  const readers = Object.entries<Reader<unknown>>(fields);
  const known = new Set(Object.keys(fields));
  return (value, path, found) => {
    const pathOf = (field: string): string => (path === '' ? field : `${path}.${field}`);
    const given = isObject(value) ? value : {};
    if (!isObject(value)) found.push({ field: path === '' ? what : path, message: 'must be an object' });
    for (const field of Object.keys(given)) {
      if (!known.has(field)) found.push({ field: pathOf(field), message: `is not a field of a ${what}` });
    }
    // without an object there is one reason, not one per field
    const into = isObject(value) ? found : [];
    const read: Record<string, unknown> = {};
    for (const [field, reader] of readers) read[field] = reader(given[field], pathOf(field), into);
    return read as T;
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
