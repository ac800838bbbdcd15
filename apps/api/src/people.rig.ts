import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import {
  API_AUDIENCE,
  SESSION,
  TOKEN_ALGORITHM,
  TOKEN_ISSUER,
  newId,
  type Id,
  type Role,
} from '#libs/domain';
import { systemRandom } from '#libs/process';
import { insertMember, insertSession, insertUser, replaceSigningKey, type SigningPurpose } from '#libs/store';
import { SignJWT, exportJWK } from 'jose';
import type { ApiRig } from './api.rig.js';

/** A signed-in person, as identity leaves it in the database. */
export interface RigPerson {
  userId: Id<'usr'>;
  email: string;
  organizationId: Id<'org'>;
  sessionId: Id<'ses'>;
  token: string;
}

export interface RigKey {
  kid: string;
  privateKey: KeyObject;
}

/** Plays identity's part: people, sessions and signed tokens, all real but for the password. */
export class PeopleRig {
  private constructor(
    readonly rig: ApiRig,
    readonly access: RigKey,
  ) {}

  static async over(rig: ApiRig): Promise<PeopleRig> {
    return new PeopleRig(rig, await signingKey(rig, 'access'));
  }

  async person(
    organizationId: Id<'org'>,
    role: Role,
    email = `${randomBytes(5).toString('hex')}@example.com`,
  ): Promise<RigPerson> {
    const now = Date.now();
    const made: Id<'usr'> = newId('usr', now, systemRandom);
    const sessionId = newId('ses', now, systemRandom);
    const userId = await this.rig.parts.db.asSystem(async (tx) => {
      await insertUser(tx, { id: made, email, passwordHash: 'unused', createdAt: now });
      await insertMember(tx, { organizationId, userId: made, role, platformOperator: false, createdAt: now });
      const origin = { address: '127.0.0.1', client: 'rig' };
      const times = { createdAt: now, expiresAt: now + SESSION.absoluteMs };
      const refresh = { hash: randomBytes(32), ...times };
      const session = { id: sessionId, userId: made, organizationId, ...origin, ...times };
      await insertSession(tx, session, refresh, SESSION.maximum);
      return made;
    });
    const token = await this.sign({ sub: userId, org: organizationId, sid: sessionId });
    return { userId, email, organizationId, sessionId, token };
  }

  /** A token as identity signs it, unless told otherwise. */
  sign(
    claims: Record<string, unknown>,
    more: { key?: RigKey; header?: object; issuer?: string; audience?: string; life?: number } = {},
  ): Promise<string> {
    const {
      key = this.access,
      header = {},
      issuer = TOKEN_ISSUER,
      audience = API_AUDIENCE,
      life = 600,
    } = more;
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iat: now, exp: now + life, ...claims })
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: key.kid, ...header })
      .setIssuer(issuer)
      .setAudience(audience)
      .sign(key.privateKey);
  }
}

/** A key that is known to the api under that purpose. */
export async function signingKey(rig: ApiRig, purpose: SigningPurpose): Promise<RigKey> {
  const pair = generateKeyPairSync('ed25519');
  const kid = randomBytes(8).toString('hex');
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid, alg: TOKEN_ALGORITHM };
  const stored = { kid, privateKey: Buffer.from('unused'), createdAt: Date.now(), publicJwk };
  await rig.parts.db.asSystem((tx) => replaceSigningKey(tx, purpose, stored, rig.parts.masterKey));
  return { kid, privateKey: pair.privateKey };
}
