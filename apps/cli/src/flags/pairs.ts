import { usageError } from '../exit.js';

/**
 * Splits a list flag as gcloud does: by comma, or by another delimiter named at the front between two `^`
 * (`^;^A=1,2;B=3`).
 */
export function splitList(text: string, flag: string): string[] {
  if (!text.startsWith('^')) return parts(text, ',');
  const end = text.indexOf('^', 1);
  if (end <= 1) throw usageError(`${flag}: a delimiter stands between two ^, as in ^;^A=1;B=2.`);
  return parts(text.slice(end + 1), text.slice(1, end));
}

/** Splits `K=V,K2=V2`; a value may hold `=`. A key given twice keeps its last value. */
export function parsePairs(text: string, flag: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of splitList(text, flag)) {
    const at = part.indexOf('=');
    if (at <= 0) {
      throw usageError(
        `${flag}: "${part}" is not NAME=VALUE.`,
        `A value that holds a comma needs another delimiter: ${flag} '^;^A=1,2;B=3'`,
      );
    }
    pairs.set(part.slice(0, at), part.slice(at + 1));
  }
  return pairs;
}

/** For commander: a pair flag that may be repeated. */
export function pairsOf(
  flag: string,
): (text: string, before: Map<string, string> | undefined) => Map<string, string> {
  return (text, before) => new Map([...(before ?? []), ...parsePairs(text, flag)]);
}

/** For commander: a list flag that may be repeated. */
export function listOf(flag: string): (text: string, before: string[] | undefined) => string[] {
  return (text, before) => [...(before ?? []), ...splitList(text, flag)];
}

function parts(text: string, delimiter: string): string[] {
  return text === '' ? [] : text.split(delimiter);
}
