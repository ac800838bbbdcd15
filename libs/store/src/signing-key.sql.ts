import { statement } from './statement.js';

export interface SigningKeyRow {
  kid: string;
  sealed_private: Buffer;
  created_at: Date;
}

export interface PublicKeyRow {
  kid: string;
  public_jwk: Record<string, unknown>;
}

export const signingKeysSql = statement<SigningKeyRow>(
  'signing_keys',
  `SELECT kid, sealed_private, created_at FROM signing_keys
   WHERE purpose = $1 AND (retired_at IS NULL OR retired_at > $2) ORDER BY created_at, retired_at NULLS LAST`,
);

export const retireSigningKeySql = statement<unknown>(
  'signing_key_retire',
  'UPDATE signing_keys SET retired_at = $2 WHERE purpose = $1 AND retired_at IS NULL',
);

export const insertSigningKeySql = statement<unknown>(
  'signing_key_insert',
  `INSERT INTO signing_keys (kid, purpose, public_jwk, sealed_private, created_at) VALUES ($1, $2, $3, $4, $5)`,
);

/** The columns the api's role may read. */
export const publicKeysSql = statement<PublicKeyRow>(
  'signing_key_public',
  `SELECT kid, public_jwk FROM signing_keys
   WHERE purpose = $1 AND (retired_at IS NULL OR retired_at > $2) ORDER BY created_at`,
);
