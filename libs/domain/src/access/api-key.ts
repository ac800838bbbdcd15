/**
 * The text form of an API key: `tow_` + 32 random bytes in base 62 (43 characters) + CRC-32 of what stands before it
 * in base 62 (6 characters). The checksum lets scanners and the CLI tell a key from noise without asking anybody.
 */

export const API_KEY_PREFIX = 'tow_';
/** Random bytes in a key: 256 bits. */
export const API_KEY_BYTES = 32;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const PREVIEW_LENGTH = 10;
const SHAPE = new RegExp(`^${API_KEY_PREFIX}[0-9A-Za-z]{${BODY_LENGTH + CHECKSUM_LENGTH}}$`);

/** Makes the text of a key from exactly API_KEY_BYTES random bytes. */
export function formatApiKey(bytes: Uint8Array): string {
  if (bytes.length !== API_KEY_BYTES) throw new RangeError(`a key needs ${API_KEY_BYTES} random bytes`);
  let number = 0n;
  for (const byte of bytes) number = number * 256n + BigInt(byte);
  const start = API_KEY_PREFIX + base62(number, BODY_LENGTH);
  return start + checksum(start);
}

/** Whether the text has the form and checksum of a key; says nothing about whether such a key exists. */
export function isApiKey(text: string): boolean {
  if (!SHAPE.test(text)) return false;
  const start = text.slice(0, -CHECKSUM_LENGTH);
  return checksum(start) === text.slice(-CHECKSUM_LENGTH);
}

/** The first characters, by which a person recognizes a key. */
export function apiKeyPreview(key: string): string {
  return key.slice(0, PREVIEW_LENGTH);
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
