import { ms, time } from './row.js';
import { seal, unseal } from './sealing.js';
import {
  currentSigningKeySql,
  insertSigningKeySql,
  publicKeysSql,
  retireSigningKeySql,
} from './signing-key.sql.js';
import type { Tx } from './statement.js';

/** What a key signs: tokens of people for the api, or of callers for services. */
export type SigningPurpose = 'access' | 'invoke';

/** What signatures are checked with. */
export interface PublicSigningKey {
  kid: string;
  jwk: Record<string, unknown>;
}

/** A key that signs; the private half (PKCS #8) is never stored in the clear, logged or sent. */
export interface SigningKey {
  kid: string;
  privateKey: Buffer;
  createdAt: number;
}

/** System role only. */
export async function currentSigningKey(
  tx: Tx,
  purpose: SigningPurpose,
  masterKey: Uint8Array,
): Promise<SigningKey | undefined> {
  const row = await tx.one(currentSigningKeySql, [purpose]);
  if (!row) return undefined;
  const { kid, sealed_private: sealed, created_at: createdAt } = row;
  return { kid, privateKey: unseal(masterKey, binding(kid), sealed), createdAt: ms(createdAt) };
}

/** Retires the current key of the purpose for this one; system role only. */
export async function replaceSigningKey(
  tx: Tx,
  purpose: SigningPurpose,
  key: SigningKey & { publicJwk: Record<string, unknown> },
  masterKey: Uint8Array,
): Promise<void> {
  await tx.run(retireSigningKeySql, [purpose, time(key.createdAt)]);
  const sealed = seal(masterKey, binding(key.kid), key.privateKey);
  const values = [key.kid, purpose, JSON.stringify(key.publicJwk), sealed, time(key.createdAt)];
  await tx.run(insertSigningKeySql, values);
}

/** Keys whose signatures are believed: the current one and those retired after `retiredAfter`, oldest first. */
export async function publicSigningKeys(
  tx: Tx,
  purpose: SigningPurpose,
  retiredAfter: number,
): Promise<PublicSigningKey[]> {
  const rows = await tx.run(publicKeysSql, [purpose, time(retiredAfter)]);
  return rows.map((row) => ({ kid: row.kid, jwk: row.public_jwk }));
}

function binding(kid: string): string {
  return `signing_key|${kid}`;
}
