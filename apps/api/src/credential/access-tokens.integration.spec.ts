import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { SteppedClock, until } from '#libs/testing';
import { SignJWT, exportJWK } from 'jose';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { PeopleRig, signingKey, type RigKey, type RigPerson } from '../people.rig.js';
import { Credentials } from './credentials.js';

let rig: ApiRig;
let people: PeopleRig;
let tenant: RigTenant;
let ann: RigPerson;
let invoke: RigKey;

beforeAll(async () => {
  rig = await ApiRig.start();
  people = await PeopleRig.over(rig);
  invoke = await signingKey(rig, 'invoke');
  tenant = await rig.tenant();
  ann = await people.person(tenant.organizationId, 'admin');
}, 60_000);
afterAll(() => rig.stop());

const status = async (token: string): Promise<number> =>
  (await rig.call('GET', '/v1/whoami', { key: token })).status;
const claims = (): Record<string, unknown> => ({
  sub: ann.userId,
  org: ann.organizationId,
  sid: ann.sessionId,
});
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

it('an access token says who; role and organization are looked up', async () => {
  const who = await rig.call('GET', '/v1/whoami', { key: ann.token });
  expect(who).toMatchObject({
    status: 200,
    json: { actor: { id: ann.userId, role: 'admin' }, user: { email: ann.email } },
  });
  expect(who.json).not.toHaveProperty('key');
  expect((await rig.call('GET', '/v1/projects', { key: ann.token })).status).toBe(200);
});

/** Every one is a token that somebody could bring; none is let in. */
const FORGED: [string, () => Promise<string> | string][] = [
  ['no algorithm', () => `${encoded({ alg: 'none' })}.${encoded(claims())}.`],
  [
    'no algorithm, our key id',
    () => `${encoded({ alg: 'none', kid: people.access.kid })}.${encoded({ ...claims(), exp: 9e9 })}.`,
  ],
  ['HMAC with the public key as secret', () => confused('HS256')],
  ['HMAC under the name of our algorithm', () => confused('EdDSA')],
  ['a key of its own under our key id', () => bySomebody({ kid: people.access.kid })],
  ['an unknown key id', () => bySomebody({ kid: 'nobody' })],
  ['no key id', () => bySomebody({ kid: undefined })],
  ['its key in the header (jwk)', async () => bySomebody({ kid: 'x', jwk: await somebodysJwk() })],
  ['the address of its key in the header (jku)', () => bySomebody({ jku: 'http://127.0.0.1:1/keys' })],
  ['a certificate address in the header (x5u)', () => bySomebody({ x5u: 'http://127.0.0.1:1/keys' })],
  ['an unknown critical header', () => critical()],
  ['a key id that is a path', () => bySomebody({ kid: '../../dev/null' })],
  ['a key id that is SQL', () => bySomebody({ kid: "' OR 1=1 --" })],
  ['a key of another purpose', () => people.sign(claims(), { key: invoke })],
  ['the audience of a service', () => people.sign(claims(), { audience: 'https://hello--p.localhost' })],
  ['another issuer', () => people.sign(claims(), { issuer: 'https://elsewhere' })],
  ['expired', () => people.sign(claims(), { life: -1 })],
  ['no expiry', () => people.sign({ ...claims(), exp: undefined })],
  ['not yet valid', () => people.sign({ ...claims(), nbf: Math.floor(Date.now() / 1000) + 60 })],
  ['no session', () => people.sign({ ...claims(), sid: undefined })],
  ['no organization', () => people.sign({ ...claims(), org: undefined })],
  [
    'another organization',
    async () => people.sign({ ...claims(), org: (await rig.tenant()).organizationId }),
  ],
  ['another person', async () => people.sign({ ...claims(), sub: (await other()).userId })],
  ['the session of another person', async () => people.sign({ ...claims(), sid: (await other()).sessionId })],
  ['an object as subject', () => people.sign({ ...claims(), sub: { id: ann.userId } })],
  ['a key as subject', () => people.sign({ ...claims(), sub: 'key_00000000000000000000' })],
  ['another payload', () => changed(1)],
  ['another header', () => changed(0)],
  ['another signature', () => changed(2)],
  ['no signature', () => ann.token.split('.').slice(0, 2).join('.') + '.'],
  ['two parts', () => ann.token.split('.').slice(0, 2).join('.')],
  ['four parts', () => `${ann.token}.x`],
  ['a header that is no JSON', () => `eyJ.${ann.token.split('.').slice(1).join('.')}`],
  ['a very long one', () => `${ann.token.split('.').slice(0, 2).join('.')}.${'A'.repeat(4_000)}`],
];

describe('a forged token', () => {
  it.each(FORGED)('%s is refused', async (_what, make) => {
    const answer = await rig.call('GET', '/v1/whoami', { key: await make() });
    expect({ status: answer.status, code: answer.json['code'] }).toEqual({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
  });

  it('is not accepted beside a good one: the good one is', async () => {
    expect(await status(ann.token)).toBe(200);
    expect(FORGED.length).toBeGreaterThan(30);
  });
});

const somebody = generateKeyPairSync('ed25519');
const somebodysJwk = (): Promise<object> => exportJWK(somebody.publicKey);

function bySomebody(header: object): Promise<string> {
  return people.sign(claims(), { key: { kid: 'x', privateKey: somebody.privateKey }, header });
}

async function confused(alg: string): Promise<string> {
  const [row] = await rig.database.query<{ public_jwk: { x: string } }>(
    'SELECT public_jwk FROM signing_keys WHERE kid = $1',
    [people.access.kid],
  );
  const now = Math.floor(Date.now() / 1000);
  const whole = { ...claims(), iat: now, exp: now + 600, aud: 'towpath-api', iss: 'urn:towpath:identity' };
  const signed = `${encoded({ alg, kid: people.access.kid })}.${encoded(whole)}`;
  const secret = Buffer.from(row?.public_jwk.x ?? '', 'base64url');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Well signed; jose itself would not make it. */
function critical(): string {
  const { kid, privateKey } = people.access;
  const now = Math.floor(Date.now() / 1000);
  const whole = { ...claims(), iat: now, exp: now + 600, aud: 'towpath-api', iss: 'urn:towpath:identity' };
  const signed = `${encoded({ alg: 'EdDSA', kid, crit: ['x'], x: 1 })}.${encoded(whole)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

async function other(): Promise<RigPerson> {
  return people.person((await rig.tenant()).organizationId, 'owner');
}

/** One character of one part, which changes what it means. */
function changed(part: number): string {
  const parts = ann.token.split('.');
  const text = parts[part] ?? '';
  const at = Math.floor(text.length / 2);
  parts[part] = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  return parts.join('.');
}

describe('what a person may do ends', () => {
  it('when it is a member no more, its role changes, or its session ends: within 5 s', async () => {
    const clock = new SteppedClock(Date.now());
    const credentials = new Credentials(rig.parts.db, clock, rig.parts.logger);
    const makers = ['admin', 'admin', 'admin'] as const;
    const [gone, lower, out] = await Promise.all(
      makers.map((role) => people.person(tenant.organizationId, role)),
    );
    const who = (one: RigPerson | undefined) => credentials.authenticate(`Bearer ${one?.token}`);
    for (const one of [gone, lower, out]) await expect(who(one)).resolves.toMatchObject({ role: 'admin' });
    await rig.call('DELETE', `/v1/members/${gone?.userId}`, { key: tenant.key });
    await rig.call('PATCH', `/v1/members/${lower?.email}`, { key: tenant.key, body: { role: 'viewer' } });
    await rig.database.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [out?.sessionId]);
    clock.step(5_000);
    await expect(who(gone)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(who(lower)).resolves.toMatchObject({ role: 'viewer' });
    await expect(who(out)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    clock.step(600_000);
    await expect(who(lower)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('with a key that was replaced: its tokens live on, new ones are known at once', async () => {
    const fresh = await PeopleRig.over(rig);
    const bob = await fresh.person(tenant.organizationId, 'viewer');
    await until(async () => (await status(bob.token)) === 200, { deadlineMs: 5_000, what: 'the new key' });
    expect(await status(ann.token)).toBe(200);
    people = fresh;
  });

  it('in an organization that is closed', async () => {
    const closed = await rig.tenant();
    const carl = await people.person(closed.organizationId, 'owner');
    expect(await status(carl.token)).toBe(200);
    await rig.database.query(`UPDATE organizations SET status = 'closed' WHERE id = $1`, [
      closed.organizationId,
    ]);
    const credentials = new Credentials(rig.parts.db, rig.parts.clock, rig.parts.logger);
    await expect(credentials.authenticate(`Bearer ${carl.token}`)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});

it('RSA is not our algorithm, whatever its key id says', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const token = await new SignJWT(claims())
    .setProtectedHeader({ alg: 'RS256', kid: people.access.kid })
    .setExpirationTime('10m')
    .sign(privateKey);
  expect(await status(token)).toBe(401);
  expect(await status(randomBytes(20).toString('hex'))).toBe(401);
});
