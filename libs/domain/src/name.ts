import type { Violation } from './error.js';

/** A DNS label in lower case: 1-63 of [a-z0-9-], starting with a letter, not ending with `-`. */
const LABEL = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** Says why a text cannot be a label of a host name (design D9); undefined when it can. */
export function labelProblem(text: string, maximum: number): string | undefined {
  if (text.length === 0) return 'must not be empty';
  if (text.length > maximum) return `must have at most ${maximum} characters, this has ${text.length}`;
  if (!LABEL.test(text)) {
    return 'must be lower-case letters, digits and hyphens, start with a letter and not end with a hyphen';
  }
  if (text.startsWith('xn--')) return 'must not start with "xn--"';
  if (text.includes('--')) return 'must not contain "--"';
  return undefined;
}

/** Says why a text cannot be a name that people read (organizations, projects, keys). */
export function titleProblem(text: string, maximum = 80): string | undefined {
  if (text.trim().length === 0) return 'must not be empty';
  if (text !== text.trim()) return 'must not start or end with a space';
  if (text.length > maximum) return `must have at most ${maximum} characters, this has ${text.length}`;
  if (/\p{Cc}/u.test(text)) return 'must not contain control characters';
  return undefined;
}

/** One violation of a field, or none: for building the list of all reasons. */
export function violationOf(field: string, problem: string | undefined): Violation[] {
  return problem === undefined ? [] : [{ field, message: problem }];
}
