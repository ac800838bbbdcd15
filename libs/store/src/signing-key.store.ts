import { ms, time } from './row.js';
import { seal, unseal } from './sealing.js';
import {
  insertSigningKeySql,
  publicKeysSql,
  retireSigningKeySql,
  signingKeysSql,
} from './signing-key.sql.js';
import type { Tx } from './statement.js';

/** What a key signs: tokens of people for the api, or of callers for services; or seals of the ledger. */
export type SigningPurpose = 'access' | 'invoke' | 'ledger';

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

/** The current key, last, and before it those retired after `retiredAfter`; system role only. */
export async function signingKeys(
  tx: Tx,
  purpose: SigningPurpose,
  retiredAfter: number,
  masterKey: Uint8Array,
): Promise<SigningKey[]> {
  const rows = await tx.run(signingKeysSql, [purpose, time(retiredAfter)]);
  return rows.map(({ kid, sealed_private: sealed, created_at: createdAt }) => ({
    kid,
    privateKey: unseal(masterKey, binding(kid), sealed),
    createdAt: ms(createdAt),
  }));
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
