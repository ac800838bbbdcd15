import type { Violation } from '../error.js';
import { violationOf } from '../name.js';
import { LIMITS } from './service.defaults.js';

export function validateNumber(
  field: string,
  value: number,
  bound: { minimum: number; maximum: number },
): Violation[] {
  const { minimum, maximum } = bound;
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return [];
  return [{ field, message: `must be a whole number from ${minimum} to ${maximum}, this is ${value}` }];
}

/** The words of a command line. */
export function validateWords(field: string, words: readonly string[]): Violation[] {
  const characters = words.reduce((sum, word) => sum + word.length, 0);
  if (words.length === 0 || words.length > LIMITS.commandWords || characters > LIMITS.commandCharacters) {
    const message = `must be 1 to ${LIMITS.commandWords} words of at most ${LIMITS.commandCharacters} characters in all`;
    return [{ field, message }];
  }
  return words.flatMap((word, index) =>
    violationOf(`${field}[${index}]`, word.includes('\0') ? 'must not contain the character NUL' : undefined),
  );
}
