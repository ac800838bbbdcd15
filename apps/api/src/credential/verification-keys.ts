import { importJWK, type CryptoKey, type JWK } from 'jose';
import { SESSION, TOKEN_ALGORITHM, type Clock } from '#libs/domain';
import { publicSigningKeys, type Database } from '#libs/store';

/** How long the set of keys is believed. */
const BELIEVED_MS = 5_000;
/** An unknown key id reads the set again, at most so often. */
const UNKNOWN_EVERY_MS = 1_000;

/** Public keys of access tokens, read from PostgreSQL: who serves needs no other process to check a token. */
export class VerificationKeys {
  private keys = new Map<string, CryptoKey>();
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
  ) {}

  async find(kid: string): Promise<CryptoKey | undefined> {
    const age = this.clock.now() - this.readAt;
    if (age > BELIEVED_MS || (!this.keys.has(kid) && age > UNKNOWN_EVERY_MS)) await this.read();
    return this.keys.get(kid);
  }

  private read(): Promise<void> {
    this.reading ??= this.load().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async load(): Promise<void> {
    const now = this.clock.now();
    const found = await this.db.asApi((tx) => publicSigningKeys(tx, 'access', now - 2 * SESSION.accessMs));
    const imported = found.map(async ({ kid, jwk }) => [kid, await importJWK(jwk as JWK, TOKEN_ALGORITHM)]);
    this.keys = new Map((await Promise.all(imported)) as [string, CryptoKey][]);
    this.readAt = now;
  }
}
