import { jwtVerify, type JWTHeaderParameters, type JWTPayload } from 'jose';
import {
  API_AUDIENCE,
  TOKEN_ALGORITHM,
  TOKEN_ISSUER,
  TowpathError,
  isId,
  type Actor,
  type Clock,
  type Id,
} from '#libs/domain';
import { findPerson, type Database, type FoundPerson } from '#libs/store';
import { Believed } from './believed.js';
import type { VerificationKeys } from './verification-keys.js';

/** Longest token looked at; ours have about 400 characters. */
const MAX_LENGTH = 2_000;

interface Claims {
  userId: Id<'usr'>;
  organizationId: Id<'org'>;
  sessionId: Id<'ses'>;
  /** UTC ms. */
  expiresAt: number;
}

/** Who acts by an access token: its signature says who, the membership of this moment says what it may do. */
export class AccessTokens {
  /** A signature is checked again after 3 s, so that a key that is gone stops counting. */
  private readonly signed: Believed<Claims>;
  private readonly believed: Believed<FoundPerson | undefined>;

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly keys: VerificationKeys,
  ) {
    this.signed = new Believed(clock);
    this.believed = new Believed(clock);
  }

  /** Three parts in base64url, and a header that may be one: everything else is looked up as an API key. */
  static looksLike(text: string): boolean {
    return text.length <= MAX_LENGTH && /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text);
  }

  /** @throws TowpathError UNAUTHENTICATED, with the same words for every reason */
  async authenticate(token: string): Promise<Actor> {
    const claims = await this.verified(token);
    const found = claims && (await this.find(claims));
    if (!found || !this.works(found)) {
      throw new TowpathError('UNAUTHENTICATED', 'The access token is not valid, or its session is over.', {
        nextStep: 'Refresh the session, or sign in again.',
      });
    }
    return found.actor;
  }

  private works(found: FoundPerson): boolean {
    if (found.sessionEndedAt !== undefined || found.organizationStatus === 'closed') return false;
    return found.sessionExpiresAt > this.clock.now();
  }

  private find(claims: Claims): Promise<FoundPerson | undefined> {
    const { userId, organizationId, sessionId } = claims;
    return this.believed.get(`${organizationId} ${userId} ${sessionId}`, () =>
      this.db.asApi((tx) => findPerson(tx, claims)),
    );
  }

  private async verified(token: string): Promise<Claims | undefined> {
    try {
      const claims = await this.signed.get(token, () => this.verify(token));
      return claims.expiresAt > this.clock.now() ? claims : undefined;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  /** @throws RefusedToken or an error of jose when it is no token of ours for this api */
  private async verify(token: string): Promise<Claims> {
    const key = async ({ kid }: JWTHeaderParameters) => {
      const found = kid === undefined ? undefined : await this.keys.find(kid);
      if (!found) throw new RefusedToken();
      return found;
    };
    const { payload } = await jwtVerify(token, key, {
      algorithms: [TOKEN_ALGORITHM],
      issuer: TOKEN_ISSUER,
      audience: API_AUDIENCE,
      requiredClaims: ['sub', 'org', 'sid', 'iat', 'exp'],
      currentDate: new Date(this.clock.now()),
    });
    return claimsOf(payload);
  }
}

class RefusedToken extends Error {}

/** jose's own errors, and an unknown key; anything else (the database is away) is not the token's fault. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof RefusedToken || (typeof code === 'string' && code.startsWith('ERR_J'));
}

function claimsOf(payload: JWTPayload): Claims {
  const { sub, org, sid, aud, exp = 0 } = payload as JWTPayload & Record<string, unknown>;
  // A list of audiences that holds this api's was made for others too.
  if (aud !== API_AUDIENCE) throw new RefusedToken();
  const [userId, organizationId, sessionId] = [String(sub), String(org), String(sid)];
  if (!isId('usr', userId) || !isId('org', organizationId) || !isId('ses', sessionId))
    throw new RefusedToken();
  return { userId, organizationId, sessionId, expiresAt: exp * 1000 };
}
