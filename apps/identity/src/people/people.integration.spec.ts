import { createHash, randomBytes } from 'node:crypto';
import { IDENTITY_QUEUE, PEOPLE_ASKS, identitySubject, type Ask, type Bus } from '#libs/bus';
import type { PeopleAnswer, PeopleRequest, PeopleVerb, SignedIn } from '#libs/bus';
import {
  API_AUDIENCE,
  DEVICE,
  INVITATION_LIFE_MS,
  RATES,
  SESSION,
  formatToken,
  newId,
  type Id,
  type Role,
} from '#libs/domain';
import { createLogger, systemRandom } from '#libs/process';
import { insertInvitation, insertOrganization, publicSigningKeys } from '#libs/store';
import { SteppedClock, testDatabase, testNats, type TestDatabase, type TestNats } from '#libs/testing';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { TokenSigner } from '../signing/token.signer.js';
import { PasswordHasher } from './password.hasher.js';
import { answerPeople } from './people.answers.js';
import { peopleCommands } from './people.commands.js';

const PASSWORD = 'correct horse battery staple';
const clock = new SteppedClock(Date.now());
let database: TestDatabase;
let nats: TestNats;
let bus: Bus;
let hashes = 0;
let address = 0;
let ends: (() => Promise<void>)[];

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  bus = nats.bus;
  const masterKey = randomBytes(32);
  const logger = createLogger('spec', 'silent');
  // Two replicas, as in production.
  ends = [1, 2].map(() => {
    const signer = new TokenSigner({ db: database.db, clock, masterKey });
    const commands = peopleCommands({
      db: database.db,
      clock,
      random: systemRandom,
      hasher: new PasswordHasher(systemRandom, () => (hashes += 1)),
      sign: (claims, seconds) => signer.signToken('access', { ...claims, aud: API_AUDIENCE }, seconds),
    });
    return answerPeople(bus, commands, logger);
  });
});
afterAll(async () => {
  await Promise.all(ends.map((end) => end()));
  await nats.release();
  await database.drop();
});
// Every test comes from an address of its own, so that no rate of one meets another's.
beforeEach(() => (address += 1));

function ask<V extends PeopleVerb>(
  verb: V,
  asked: Omit<PeopleRequest<V>, 'schemaVersion' | 'by'>,
): Promise<PeopleAnswer<V>> {
  const by = { requestId: 'spec', address: `10.0.0.${address}`, client: 'spec/1' };
  const request = { ...asked, schemaVersion: 1, by } as unknown as PeopleRequest<V>;
  const schemas = PEOPLE_ASKS[verb] as unknown as Ask<PeopleRequest<V>, PeopleAnswer<V>>;
  return bus.ask(identitySubject(verb), schemas, request);
}

async function organization(): Promise<Id<'org'>> {
  const id = newId('org', clock.now(), systemRandom);
  await database.db.asSystem((tx) => insertOrganization(tx, { id, name: id, createdAt: clock.now() }));
  return id;
}

async function invite(organizationId: Id<'org'>, email: string, role: Role = 'viewer'): Promise<string> {
  const token = formatToken('invitation', systemRandom(32));
  const now = clock.now();
  const invitation = {
    id: newId('inv', now, systemRandom),
    organizationId,
    ...{ email, role, platformOperator: false, createdBy: 'key_0' },
    createdAt: now,
    expiresAt: now + INVITATION_LIFE_MS,
  };
  const hash = createHash('sha256').update(token).digest();
  await database.db.asSystem((tx) => insertInvitation(tx, invitation, hash));
  return token;
}

const emailOf = (name: string): string => `${name}-${randomBytes(4).toString('hex')}@example.com`;

async function person(): Promise<SignedIn> {
  return ask('accept', { token: await invite(await organization(), emailOf('p')), password: PASSWORD });
}

const credentialOf = ({ user, sessionId, organization: at }: SignedIn) => ({
  person: { userId: user.id, sessionId, organizationId: at.id },
});

const auditOf = async (organizationId: string): Promise<string[]> =>
  (
    await database.query<{ action: string }>(
      'SELECT action FROM audit_rows WHERE organization_id = $1 ORDER BY time, id',
      [organizationId],
    )
  ).map(({ action }) => action);

describe('an invitation', () => {
  it('makes the person, the member and a session; its token is stored nowhere and works once', async () => {
    const at = await organization();
    const email = emailOf('ann');
    const token = await invite(at, email, 'developer');
    const signedIn = await ask('accept', { token, password: PASSWORD });
    expect(signedIn).toMatchObject({ user: { email }, organization: { id: at, role: 'developer' } });
    await expect(ask('accept', { token, password: PASSWORD })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect((await auditOf(at)).sort()).toEqual(['invitations.accept', 'sessions.create']);
    const stored = JSON.stringify(await database.query('SELECT * FROM users, invitations, refresh_tokens'));
    for (const secret of [PASSWORD, token, signedIn.refreshToken]) expect(stored).not.toContain(secret);
    const keys = await database.db.asApi((tx) => publicSigningKeys(tx, 'access', 0));
    const jwks = createLocalJWKSet({ keys: keys.map(({ jwk }) => jwk as never) });
    const { payload } = await jwtVerify(signedIn.accessToken, jwks, { currentDate: new Date(clock.now()) });
    expect(payload).toMatchObject({
      sub: signedIn.user.id,
      org: at,
      sid: signedIn.sessionId,
      aud: 'towpath-api',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
    expect(Object.keys(payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'org', 'sid', 'sub']);
  });

  it('is given to one of many who accept at once', async () => {
    const token = await invite(await organization(), emailOf('race'));
    const answers = await Promise.allSettled(
      Array.from({ length: 5 }, () => ask('accept', { token, password: PASSWORD })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it.each([
    ['noise', () => Promise.resolve('noise'), PASSWORD, 'UNAUTHENTICATED'],
    [
      'an unknown token',
      () => Promise.resolve(formatToken('invitation', systemRandom(32))),
      PASSWORD,
      'UNAUTHENTICATED',
    ],
    ['a short password', async () => invite(await organization(), emailOf('x')), 'short', 'INVALID_ARGUMENT'],
  ])('refuses %s and stays as it was', async (_what, token, password, code) => {
    await expect(ask('accept', { token: await token(), password })).rejects.toMatchObject({ code });
  });

  it('adds a membership to who has an account: by password, or signed in', async () => {
    const ann = await person();
    const [second, third] = [await organization(), await organization()];
    const byPassword = await invite(second, ann.user.email);
    await expect(
      ask('accept', { token: byPassword, password: 'another long password' }),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await ask('accept', { token: byPassword, password: PASSWORD });
    const signedIn = await invite(third, ann.user.email, 'admin');
    const bob = await person();
    await expect(ask('join', { ...credentialOf(bob), token: signedIn })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const joined = await ask('join', { ...credentialOf(ann), token: signedIn });
    expect(joined.organization).toMatchObject({ id: third, role: 'admin' });
    const again = await invite(third, ann.user.email, 'owner');
    await expect(ask('join', { ...credentialOf(ann), token: again })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    const all = await ask('sign-in', { email: ann.user.email, password: PASSWORD, organizationId: third });
    expect(all.organization.id).toBe(third);
    expect(all.organizations.map(({ id }) => id).sort()).toEqual([ann.organization.id, second, third].sort());
  });

  it('is too old after 7 days', async () => {
    const token = await invite(await organization(), emailOf('late'));
    clock.step(INVITATION_LIFE_MS);
    await expect(ask('accept', { token, password: PASSWORD })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});

describe('signing in', () => {
  it('answers an unknown address and a wrong password alike, after one hash each', async () => {
    const { user } = await person();
    const failure = async (email: string): Promise<{ told: unknown; work: number }> => {
      const before = hashes;
      const told = await ask('sign-in', { email, password: 'wrong but long enough' }).catch(
        ({ code, message, nextStep }: Record<string, unknown>) => ({ code, message, nextStep }),
      );
      return { told, work: hashes - before };
    };
    const wrong = await failure(user.email);
    expect(wrong).toMatchObject({ told: { code: 'UNAUTHENTICATED' }, work: 1 });
    expect(await failure(emailOf('nobody'))).toEqual(wrong);
    const upper = await ask('sign-in', { email: ` ${user.email.toUpperCase()}`, password: PASSWORD });
    expect(upper.user).toEqual(user);
  });

  it('is refused in an organization one is no member of, and after the membership is gone', async () => {
    const ann = await person();
    const elsewhere = { email: ann.user.email, password: PASSWORD, organizationId: await organization() };
    await expect(ask('sign-in', elsewhere)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await database.query('DELETE FROM memberships WHERE user_id = $1', [ann.user.id]);
    await expect(ask('refresh', { refreshToken: ann.refreshToken })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('is limited by account, for both replicas together, and a right password begins anew', async () => {
    const { user } = await person();
    const { burst, everyMs } = RATES['password.account'];
    const attempt = (password: string): Promise<unknown> =>
      ask('sign-in', { email: user.email, password }).catch((error: unknown) => error);
    const wrong = await Promise.all(Array.from({ length: burst + 5 }, () => attempt('wrong and long')));
    const limited = wrong.filter((answer) => (answer as { code: string }).code === 'RATE_LIMITED');
    expect(limited).toHaveLength(5);
    expect(limited[0]).toMatchObject({ retryAfterSeconds: everyMs / 1000 });
    expect(await attempt(PASSWORD)).toMatchObject({ code: 'RATE_LIMITED' });
    clock.step(everyMs);
    expect(await attempt(PASSWORD)).toMatchObject({ user });
    expect(await attempt('wrong and long')).toMatchObject({ code: 'UNAUTHENTICATED' });
  }, 20_000);

  it('is limited by address, whatever the account', async () => {
    const { burst } = RATES['password.address'];
    const subject = createHash('sha256').update(`10.0.0.${address}`).digest();
    const full = new Date(clock.now() + burst * RATES['password.address'].everyMs);
    await database.query(
      `INSERT INTO rate_limits (name, subject, empty_at) VALUES ('password.address', $1, $2)`,
      [subject, full],
    );
    await expect(ask('sign-in', { email: emailOf('x'), password: 'x' })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
  });
});

describe('a session', () => {
  it('is refreshed by many at once with one and the same answer', async () => {
    const { refreshToken } = await person();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('refresh', { refreshToken })));
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
    expect(answers[0]?.refreshToken).not.toBe(refreshToken);
    const rows = await database.query('SELECT 1 FROM refresh_tokens WHERE session_id = $1', [
      answers[0]?.sessionId,
    ]);
    expect(rows).toHaveLength(2);
  });

  it('ends wholly when a spent token is shown later, and the organization reads so', async () => {
    const ann = await person();
    const next = await ask('refresh', { refreshToken: ann.refreshToken });
    clock.step(SESSION.replayMs);
    const stolen = ask('refresh', { refreshToken: ann.refreshToken });
    await expect(stolen).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(ask('refresh', { refreshToken: next.refreshToken })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(await auditOf(ann.organization.id)).toContain('sessions.reuse');
  });

  it('ends when a spent token is shown soon, but its successor was used', async () => {
    const ann = await person();
    const next = await ask('refresh', { refreshToken: ann.refreshToken });
    const last = await ask('refresh', { refreshToken: next.refreshToken });
    await expect(ask('refresh', { refreshToken: ann.refreshToken })).rejects.toThrow('session is over');
    await expect(ask('refresh', { refreshToken: last.refreshToken })).rejects.toThrow('session is over');
  });

  it('switches to another organization of the person, and to no other', async () => {
    const ann = await person();
    const other = await organization();
    await ask('join', { ...credentialOf(ann), token: await invite(other, ann.user.email, 'billing') });
    const foreign = { refreshToken: ann.refreshToken, organizationId: await organization() };
    await expect(ask('refresh', foreign)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const switched = await ask('refresh', { refreshToken: ann.refreshToken, organizationId: other });
    expect(switched.organization).toMatchObject({ id: other, role: 'billing' });
    expect(await auditOf(other)).toContain('sessions.switch');
    const stays = await ask('refresh', { refreshToken: switched.refreshToken });
    expect(stays.organization.id).toBe(other);
  });

  it('is idle for 30 days at most', async () => {
    const { refreshToken } = await person();
    clock.step(SESSION.idleMs);
    await expect(ask('refresh', { refreshToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is listed and ended by its own person only; a changed password ends the others', async () => {
    const ann = await person();
    const sign = (): Promise<SignedIn> => ask('sign-in', { email: ann.user.email, password: PASSWORD });
    const [second, third] = [await sign(), await sign()];
    const bob = await person();
    const ending = { ...credentialOf(bob), sessionId: ann.sessionId };
    await expect(ask('end-session', ending)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await ask('end-session', { ...credentialOf(ann), sessionId: second.sessionId });
    await expect(ask('refresh', { refreshToken: second.refreshToken })).rejects.toThrow('session is over');
    const { sessions } = await ask('sessions', credentialOf(ann));
    expect(sessions.map(({ id }) => id).sort()).toEqual([ann.sessionId, third.sessionId].sort());

    const change = (current: string, password: string): Promise<{ endedSessions: number }> =>
      ask('change-password', { ...credentialOf(ann), current, password });
    await expect(change('not my password', 'quite another one')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(change(PASSWORD, 'short')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await change(PASSWORD, 'quite another one')).toEqual({ endedSessions: 1 });
    await expect(ask('refresh', { refreshToken: third.refreshToken })).rejects.toThrow('session is over');
    await expect(sign()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await ask('refresh', { refreshToken: ann.refreshToken });
  }, 20_000);

  it('makes room: of more than 50 the one used longest ago ends', async () => {
    const ann = await person();
    await database.query(
      `INSERT INTO sessions (id, user_id, organization_id, address, client, created_at, last_used_at, expires_at)
       SELECT 'ses_' || lpad(n::text, 20, '0'), $1, $2, '', '', $3, $3, $4 FROM generate_series(1, 49) n`,
      [ann.user.id, ann.organization.id, new Date(clock.now() + 1_000), new Date(clock.now() + 9_000_000)],
    );
    clock.step(2_000);
    await ask('sign-in', { email: ann.user.email, password: PASSWORD });
    const { sessions } = await ask('sessions', credentialOf(ann));
    expect(sessions).toHaveLength(SESSION.maximum);
    expect(sessions.map(({ id }) => id)).not.toContain(ann.sessionId);
  });
});

describe('a device', () => {
  it('waits, is told to slow down, and gets the session of who approves, once', async () => {
    const ann = await person();
    const { deviceCode, userCode } = await ask('start-device', {});
    expect(await ask('poll-device', { deviceCode })).toMatchObject({ status: 'pending' });
    expect(await ask('poll-device', { deviceCode })).toEqual({
      status: 'slow_down',
      intervalMs: 2 * DEVICE.intervalMs,
    });
    const typed = userCode.toLowerCase().replace('-', '');
    const seen = await ask('show-device', { ...credentialOf(ann), userCode: typed });
    expect(seen).toMatchObject({ status: 'pending', client: 'spec/1', address: `10.0.0.${address}` });
    const decision = { ...credentialOf(ann), userCode, approve: true };
    expect(await ask('decide-device', decision)).toMatchObject({ status: 'approved' });
    await expect(ask('decide-device', decision)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const polls = await Promise.all([1, 2, 3].map(() => ask('poll-device', { deviceCode })));
    expect(polls.map(({ status }) => status).sort()).toEqual(['approved', 'expired', 'expired']);
    const signedIn = polls.find(({ status }) => status === 'approved')?.signedIn;
    expect(signedIn).toMatchObject({ user: ann.user, organization: ann.organization });
    expect(await auditOf(ann.organization.id)).toContain('devices.decide');
  });

  it('is refused, too old, or unknown', async () => {
    const ann = await person();
    const [denied, old] = [await ask('start-device', {}), await ask('start-device', {})];
    await ask('decide-device', { ...credentialOf(ann), userCode: denied.userCode, approve: false });
    expect(await ask('poll-device', { deviceCode: denied.deviceCode })).toEqual({ status: 'denied' });
    clock.step(DEVICE.lifeMs);
    expect(await ask('poll-device', { deviceCode: old.deviceCode })).toEqual({ status: 'expired' });
    expect(await ask('poll-device', { deviceCode: 'noise' })).toEqual({ status: 'expired' });
    const late = { ...credentialOf(ann), userCode: old.userCode, approve: true };
    await expect(ask('decide-device', late)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('cannot be found by trying codes', async () => {
    const ann = await person();
    const tries = Array.from({ length: RATES['device.person'].burst + 1 }, () =>
      ask('show-device', { ...credentialOf(ann), userCode: 'BCDF-GHJK' }).catch(
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    const codes = await Promise.all(tries);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(1);
  });
});

it('asking where nobody answers is UNAVAILABLE at once', async () => {
  const request = { schemaVersion: 1 as const, by: { requestId: '', address: '', client: '' } };
  const asked = bus.ask('identity.nothing', PEOPLE_ASKS['start-device'], request);
  await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 2 });
  expect(IDENTITY_QUEUE).toBe('identity');
});
