/**
 * The text form of our opaque secrets: a prefix that names the kind + 32 random bytes in base 62 (43 characters) +
 * CRC-32 of what stands before it in base 62 (6 characters). The checksum lets scanners and the CLI tell a secret from
 * noise without asking anybody. Only the SHA-256 of the whole text is stored.
 */

/** Random bytes in a secret: 256 bits. */
export const TOKEN_BYTES = 32;

export const TOKEN_PREFIXES = {
  /** An API key. */
  key: 'tow_',
  /** An invitation. */
  invitation: 'towi_',
  /** What a session is refreshed with, once. */
  refresh: 'tows_',
  /** What a device polls with. */
  device: 'towd_',
} as const;

export type TokenKind = keyof typeof TOKEN_PREFIXES;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const TAIL = /^[0-9A-Za-z]{49}$/;

/** Makes the text from exactly TOKEN_BYTES random bytes. */
export function formatToken(kind: TokenKind, bytes: Uint8Array): string {
  if (bytes.length !== TOKEN_BYTES) throw new RangeError(`a secret needs ${TOKEN_BYTES} random bytes`);
  let number = 0n;
  for (const byte of bytes) number = number * 256n + BigInt(byte);
  const start = TOKEN_PREFIXES[kind] + base62(number, BODY_LENGTH);
  return start + checksum(start);
}

/** Whether the text has the form and checksum of that kind; says nothing about whether such a secret exists. */
export function isToken(kind: TokenKind, text: string): boolean {
  const prefix = TOKEN_PREFIXES[kind];
  if (!text.startsWith(prefix) || !TAIL.test(text.slice(prefix.length))) return false;
  return checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_LENGTH);
}

function base62(number: bigint, length: number): string {
  let text = '';
  for (let rest = number; rest > 0n; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}

/** CRC-32 (IEEE 802.3) of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const character of text) {
    crc ^= character.charCodeAt(0);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
