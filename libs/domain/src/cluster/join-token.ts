/**
 * The text form of the one-time token an agent or a gateway joins with: `towj_` + 32 random bytes in hex. Only the
 * SHA-256 of the whole text is stored (`join_tokens.hash`). A renewal token has the prefix `towr_` and the same form.
 */

export const JOIN_TOKEN_BYTES = 32;
/** How long a join token may wait to be used. */
export const JOIN_TOKEN_LIFE_MS = 24 * 3_600_000;

export type JoinTokenPrefix = 'towj_' | 'towr_';

/** Makes the text of a token from exactly JOIN_TOKEN_BYTES random bytes. */
export function formatJoinToken(bytes: Uint8Array, prefix: JoinTokenPrefix = 'towj_'): string {
  if (bytes.length !== JOIN_TOKEN_BYTES)
    throw new RangeError(`a token needs ${JOIN_TOKEN_BYTES} random bytes`);
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether the text has the form of such a token; says nothing about whether it exists. */
export function isJoinToken(text: string, prefix: JoinTokenPrefix = 'towj_'): boolean {
  return text.startsWith(prefix) && /^[0-9a-f]{64}$/.test(text.slice(prefix.length));
}
