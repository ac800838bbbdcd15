import { findAuthoritySql, findRootSql, insertAuthoritySql } from './authority.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/** The certificate authority of a domain. */
export interface AuthorityRecord {
  /** The root certificate, PEM. */
  certificate: string;
  /** Its private key, sealed under the master key. */
  sealedKey: Buffer;
}

export async function findAuthority(tx: Tx, domain: string): Promise<AuthorityRecord | undefined> {
  const row = await tx.one(findAuthoritySql, [domain]);
  return row && { certificate: row.certificate, sealedKey: row.sealed_key };
}

/** The root certificate alone, PEM: what the api tells everyone. */
export async function findRootCertificate(tx: Tx, domain: string): Promise<string | undefined> {
  return (await tx.one(findRootSql, [domain]))?.certificate;
}

/** Keeps the one that is there: the first of several starters wins. */
export async function insertAuthority(
  tx: Tx,
  domain: string,
  { certificate, sealedKey }: AuthorityRecord,
  now: number,
): Promise<void> {
  await tx.run(insertAuthoritySql, [domain, certificate, sealedKey, time(now)]);
}
