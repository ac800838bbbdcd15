import { normalEmail } from './email.js';

/**
 * Length in characters. NIST SP 800-63B and OWASP ASVS 5 ask for length and no rules of composition; the upper bound
 * only keeps what is hashed small.
 */
export const PASSWORD = { minimum: 12, maximum: 128, distinct: 5 };

/** The same text whatever keyboard it was typed on: Unicode NFC. */
export function normalPassword(text: string): string {
  return text.normalize('NFC');
}

/** Why a text cannot become the password of that person; undefined when it can. */
export function passwordProblem(text: string, email: string): string | undefined {
  const password = normalPassword(text);
  const length = [...password].length;
  if (length < PASSWORD.minimum) return `must have at least ${PASSWORD.minimum} characters`;
  if (length > PASSWORD.maximum) return `must have at most ${PASSWORD.maximum} characters`;
  const name = normalEmail(email);
  const lower = password.toLowerCase();
  if (lower.includes(name) || name.includes(lower)) return 'must not be your e-mail address';
  if (new Set(lower).size < PASSWORD.distinct)
    return `must have at least ${PASSWORD.distinct} different characters`;
  return undefined;
}
