import { createHash } from 'node:crypto';

/** What is stored of a key or token: the SHA-256 of its text. They are random enough to need no slow hash. */
export function tokenHash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
