import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { API_AUDIENCE, SESSION, TOKEN_ALGORITHM, TOKEN_ISSUER, newId, type Id } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { insertMember, insertSession, insertUser, replaceSigningKey, type Database } from '#libs/store';
import { createSigner } from 'fast-jwt';

/** A key that signs access tokens, as identity leaves it in the database. */
export interface AccessKey {
  kid: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export async function makeAccessKey(db: Database): Promise<AccessKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const kid = randomBytes(8).toString('hex');
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: TOKEN_ALGORITHM };
  const stored = { kid, privateKey: Buffer.from('unused'), createdAt: Date.now(), publicJwk };
  await db.asSystem((tx) => replaceSigningKey(tx, 'access', stored, randomBytes(32)));
  return { kid, publicKey, privateKey };
}

/** A member of the organization who has just signed in; returns the access token. */
export async function signIn(db: Database, key: AccessKey, organizationId: Id<'org'>): Promise<string> {
  const now = Date.now();
  const [userId, sessionId] = [newId('usr', now, systemRandom), newId('ses', now, systemRandom)];
  await db.asSystem(async (tx) => {
    await insertUser(tx, {
      id: userId,
      email: `${userId}@example.com`,
      passwordHash: 'unused',
      createdAt: now,
    });
    const member = {
      organizationId,
      userId,
      role: 'viewer',
      platformOperator: false,
      createdAt: now,
    } as const;
    await insertMember(tx, member);
    const times = { createdAt: now, expiresAt: now + SESSION.absoluteMs };
    const session = {
      id: sessionId,
      userId,
      organizationId,
      address: '127.0.0.1',
      client: 'bench',
      ...times,
    };
    await insertSession(tx, session, { hash: randomBytes(32), ...times }, SESSION.maximum);
  });
  const sign = createSigner({
    key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    algorithm: TOKEN_ALGORITHM,
    kid: key.kid,
    iss: TOKEN_ISSUER,
    aud: API_AUDIENCE,
    expiresIn: 600_000,
  });
  return sign({ sub: userId, org: organizationId, sid: sessionId });
}
