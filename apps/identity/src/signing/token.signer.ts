import { SignJWT, calculateJwkThumbprint, exportJWK, importPKCS8, type CryptoKey } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { TOKEN_ALGORITHM, TOKEN_ISSUER, type Clock } from '#libs/domain';
import {
  lockHub,
  replaceSigningKey,
  signingKeys,
  type Database,
  type SigningKey,
  type SigningPurpose,
  type Tx,
} from '#libs/store';

/** A key signs for so long; then a new one is made. */
const KEY_LIFE_MS = 30 * 24 * 3_600_000;
/** How long a replica may sign with a key that another one has replaced; verifiers believe it much longer. */
const LOOK_AGAIN_MS = 60_000;

/** A new key is shown to whoever checks signatures so long before it signs. */
const SHOWN_FIRST_MS = 120_000;

interface Loaded {
  kid: string;
  key: CryptoKey;
  createdAt: number;
  lookedAt: number;
}

/** Signs tokens with Ed25519; makes its keys itself, one a purpose, sealed under the master key. */
export class TokenSigner {
  private readonly loaded = new Map<SigningPurpose, Promise<Loaded>>();

  constructor(private readonly parts: { db: Database; clock: Clock; masterKey: Uint8Array }) {}

  /** A token (JWT) with these claims, our issuer, and a life of so many seconds from now. */
  async signToken(
    purpose: SigningPurpose,
    claims: Record<string, unknown>,
    lifetimeSeconds: number,
  ): Promise<string> {
    const { kid, key } = await this.keyFor(purpose);
    const now = Math.floor(this.parts.clock.now() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid })
      .setIssuer(TOKEN_ISSUER)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(key);
  }

  /** Makes the first key of the purpose, or the next when it is due. */
  async ready(purpose: SigningPurpose): Promise<void> {
    await this.keyFor(purpose);
  }

  private async keyFor(purpose: SigningPurpose): Promise<Loaded> {
    const known = await this.loaded.get(purpose);
    if (known && this.parts.clock.now() - known.lookedAt < LOOK_AGAIN_MS) return known;
    const fresh = this.load(purpose);
    this.loaded.set(purpose, fresh);
    fresh.catch(() => this.loaded.delete(purpose));
    return fresh;
  }

  private async load(purpose: SigningPurpose): Promise<Loaded> {
    const lookedAt = this.parts.clock.now();
    const keys = await this.parts.db.asSystem((tx) => this.keys(tx, purpose, lookedAt));
    const all = isOld(keys.at(-1), lookedAt)
      ? [...keys, await this.parts.db.asSystem((tx) => this.renew(tx, purpose, lookedAt))]
      : keys;
    const { kid, createdAt, privateKey } = signingKey(all, lookedAt);
    const key = await importPKCS8(privateKey.toString('utf8'), TOKEN_ALGORITHM);
    return { kid, key, createdAt, lookedAt };
  }

  private keys(tx: Tx, purpose: SigningPurpose, now: number): Promise<SigningKey[]> {
    return signingKeys(tx, purpose, now - SHOWN_FIRST_MS, this.parts.masterKey);
  }

  private async renew(tx: Tx, purpose: SigningPurpose, now: number): Promise<SigningKey> {
    const { clock, masterKey } = this.parts;
    // Two replicas at once: the second waits here and then finds the key of the first.
    await lockHub(tx);
    const found = (await this.keys(tx, purpose, now)).at(-1);
    if (found && !isOld(found, now)) return found;
    const pair = generateKeyPairSync('ed25519');
    const jwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const privateKey = Buffer.from(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const made = { kid, privateKey, createdAt: clock.now() };
    const publicJwk = { ...jwk, kid, alg: TOKEN_ALGORITHM, use: 'sig' };
    await replaceSigningKey(tx, purpose, { ...made, publicJwk }, masterKey);
    return made;
  }
}

function isOld(key: SigningKey | undefined, now: number): boolean {
  return key === undefined || now - key.createdAt > KEY_LIFE_MS;
}

/** The newest that has been shown long enough; the very first of all signs at once. */
export function signingKey<K extends Pick<SigningKey, 'createdAt'>>(keys: readonly K[], now: number): K {
  const [first] = keys;
  if (!first) throw new Error('there is no key to sign with');
  return keys.findLast((key) => now - key.createdAt >= SHOWN_FIRST_MS) ?? first;
}
