import { TowpathError, type Actor, type Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { Database } from '#libs/store';
import { AccessTokens } from './access-tokens.js';
import { ApiKeys } from './api-keys.js';
import { VerificationKeys } from './verification-keys.js';

/** Turns the header Authorization into who calls: an API key, or the access token of a signed-in person. */
export class Credentials {
  private readonly apiKeys: ApiKeys;
  private readonly accessTokens: AccessTokens;

  constructor(db: Database, clock: Clock, logger: Logger) {
    this.apiKeys = new ApiKeys(db, clock, logger);
    this.accessTokens = new AccessTokens(db, clock, new VerificationKeys(db, clock));
  }

  /** @throws TowpathError UNAUTHENTICATED */
  async authenticate(authorization: string | undefined): Promise<Actor> {
    const text = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
    if (text === undefined) {
      throw new TowpathError('UNAUTHENTICATED', 'The request carries no API key or access token.', {
        nextStep: 'Send the header `Authorization: Bearer …`.',
      });
    }
    return AccessTokens.looksLike(text)
      ? this.accessTokens.authenticate(text)
      : this.apiKeys.authenticate(text);
  }
}
