import { TOKEN_BYTES, TOKEN_PREFIXES, formatToken, isToken } from './token-text.js';

export const API_KEY_PREFIX = TOKEN_PREFIXES.key;
/** Random bytes in a key: 256 bits. */
export const API_KEY_BYTES = TOKEN_BYTES;

const PREVIEW_LENGTH = 10;

/** Makes the text of a key from exactly API_KEY_BYTES random bytes. */
export function formatApiKey(bytes: Uint8Array): string {
  return formatToken('key', bytes);
}

/** Whether the text has the form and checksum of a key; says nothing about whether such a key exists. */
export function isApiKey(text: string): boolean {
  return isToken('key', text);
}

/** The first characters, by which a person recognizes a key. */
export function apiKeyPreview(key: string): string {
  return key.slice(0, PREVIEW_LENGTH);
}
