/** Longest address (RFC 5321: 254 octets in a path of 256). */
export const MAX_EMAIL = 254;

/** One spelling of one address: trimmed, Unicode NFC, lower case. */
export function normalEmail(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}

/**
 * Why a text cannot be an e-mail address; undefined when it can. Only what every address has is asked for: whether it
 * receives mail is never known here.
 */
export function emailProblem(text: string): string | undefined {
  const email = normalEmail(text);
  if (email.length > MAX_EMAIL) return `must have at most ${MAX_EMAIL} characters`;
  if (/[\s\p{Cc}<>"(),:;\\[\]]/u.test(email)) return 'must not contain spaces, quotes, brackets or commas';
  if (!/^[^@]{1,64}@[^@]+$/.test(email)) return 'must look like name@example.com';
  const domain = email.slice(email.indexOf('@') + 1);
  const labels = domain.split('.');
  if (labels.some((label) => label === '' || label.length > 63)) return 'must look like name@example.com';
  return undefined;
}
