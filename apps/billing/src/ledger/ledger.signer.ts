import { createHash, createPrivateKey, generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import type { Clock } from '#libs/domain';
import { lockHub, replaceSigningKey, signingKeys, type Database } from '#libs/store';

/** Signs seals. */
export interface LedgerSigner {
  kid: string;
  /** Ed25519 over the bytes of a hash in hex. */
  sign(hash: string): string;
}

/** SHA-256, for the domain. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** The installation's key for seals; made and sealed under the master key at the first need. Its public half stays for good. */
export async function ledgerSigner(db: Database, clock: Clock, masterKey: Uint8Array): Promise<LedgerSigner> {
  const key = await db.asSystem(async (tx) => {
    // Two replicas at once: the second waits here and then finds the key of the first.
    await lockHub(tx);
    const found = (await signingKeys(tx, 'ledger', clock.now(), masterKey)).at(-1);
    if (found) return found;
    const pair = generateKeyPairSync('ed25519');
    const jwk = pair.publicKey.export({ format: 'jwk' });
    const kid = thumbprint(jwk);
    const privateKey = Buffer.from(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const made = { kid, privateKey, createdAt: clock.now() };
    await replaceSigningKey(tx, 'ledger', { ...made, publicJwk: { ...jwk, kid } }, masterKey);
    return made;
  });
  const privateKey = createPrivateKey(key.privateKey);
  return {
    kid: key.kid,
    sign: (hash) => sign(null, Buffer.from(hash, 'hex'), privateKey).toString('base64url'),
  };
}

/** RFC 7638, for a key of kind OKP. */
function thumbprint({ crv, kty, x }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}
