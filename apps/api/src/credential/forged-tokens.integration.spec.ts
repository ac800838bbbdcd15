import { createHash, randomBytes } from 'node:crypto';
import { API_AUDIENCE, TOKEN_ALGORITHM, TOKEN_ISSUER, newId } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { forgedTokens } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { PeopleRig, signingKey, type RigPerson } from '../people.rig.js';

let rig: ApiRig;
let people: PeopleRig;
let tenant: RigTenant;
let ann: RigPerson;

beforeAll(async () => {
  rig = await ApiRig.start();
  people = await PeopleRig.over(rig);
  tenant = await rig.tenant();
  ann = await people.person(tenant.organizationId, 'owner');
}, 60_000);
afterAll(() => rig.stop());

const now = (): number => Math.floor(Date.now() / 1000);
const claims = () => ({
  ...{ sub: ann.userId, org: ann.organizationId, sid: ann.sessionId },
  ...{ iss: TOKEN_ISSUER, aud: API_AUDIENCE, iat: now(), exp: now() + 600 },
});

async function accepted(tokens: [string, string][]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, text] of tokens) {
    const answer = await rig.call('GET', '/v1/whoami', { headers: { authorization: `Bearer ${text}` } });
    if (answer.status !== 401 || answer.json['code'] !== 'UNAUTHENTICATED')
      wrong.push(`${name}: ${answer.status}`);
  }
  return wrong;
}

it('no forged token is an access token, and none costs more than a look at it', async () => {
  const { kid, privateKey: key } = people.access;
  const text = await people.sign(claims());
  expect((await rig.call('GET', '/v1/whoami', { key: text })).status).toBe(200);
  const forged = forgedTokens({ text, key, header: { alg: TOKEN_ALGORITHM, kid }, claims: claims() });
  const { db } = rig.parts;
  const asApi = db.asApi.bind(db);
  let looks = 0;
  db.asApi = (work) => {
    looks += 1;
    return asApi(work);
  };
  const began = performance.now();
  expect(await accepted(forged)).toEqual([]);
  const ms = performance.now() - began;
  db.asApi = asApi;
  console.log(
    `${forged.length} forged access tokens in ${Math.round(ms)} ms, ${looks} looks into the database`,
  );
  expect(forged.length).toBeGreaterThan(300);
  // The set of keys, at most once a second for ids that nobody knows, and once more every 5 s.
  expect(looks).toBeLessThanOrEqual(2 * Math.ceil(ms / 1_000) + 2);
}, 60_000);

it('what is made for something else is no access token', async () => {
  const invoke = await signingKey(rig, 'invoke');
  const random = (): string => randomBytes(32).toString('base64url');
  const ofInvoke = { sub: ann.userId, aud: 'https://hello--p.localhost' };
  const others: [string, string][] = [
    ['a caller token', await people.sign(ofInvoke, { key: invoke, audience: ofInvoke.aud })],
    ['a caller token with the audience of the api', await people.sign(claims(), { key: invoke })],
    [
      'the key of callers under the id of ours',
      await people.sign(claims(), { key: { ...invoke, kid: people.access.kid } }),
    ],
    ...['towr', 'towi', 'towd', 'towj', 'tow'].map((kind): [string, string] => [kind, `${kind}_${random()}`]),
    ['an API key in three parts', tenant.key.replace(/(.{10})(.{10})/, '$1.$2.')],
    ['a hash of an API key', createHash('sha256').update(tenant.key).digest('hex')],
    ['the id of a session', ann.sessionId],
    ['the id of a person', ann.userId],
    ['noise', random()],
  ];
  expect(await accepted(others)).toEqual([]);
  const places: Record<string, string>[] = [
    { authorization: ann.token },
    { authorization: `Basic ${ann.token}` },
    { authorization: `Token ${ann.token}` },
    { authorization: `Bearer ${ann.token}, Bearer ${ann.token}` },
    { authorization: `Bearer Bearer ${ann.token}` },
    { cookie: `access_token=${ann.token}` },
    { 'x-authorization': `Bearer ${ann.token}` },
    { 'proxy-authorization': `Bearer ${ann.token}` },
  ];
  for (const headers of places) expect((await rig.call('GET', '/v1/whoami', { headers })).status).toBe(401);
  expect((await rig.call('GET', `/v1/whoami?access_token=${ann.token}`)).status).not.toBe(200);
});

it('a token that names other people, organizations or sessions than belong together is refused', async () => {
  const foreign = await rig.tenant('foreign');
  const [bob, gone] = [
    await people.person(foreign.organizationId, 'owner'),
    await people.person(tenant.organizationId, 'owner'),
  ];
  await rig.database.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [gone.sessionId]);
  const of = ({ userId, organizationId, sessionId }: RigPerson) => ({
    sub: userId,
    org: organizationId,
    sid: sessionId,
  });
  const mixed: object[] = [ann, bob, gone].flatMap((person) =>
    [ann, bob, gone].flatMap((other) =>
      (['sub', 'org', 'sid'] as const)
        .map((name) => ({ ...of(person), [name]: of(other)[name] }))
        .filter((made) => ![ann, bob].some((one) => JSON.stringify(of(one)) === JSON.stringify(made))),
    ),
  );
  const odd = [
    null,
    0,
    [],
    {},
    '',
    ' ',
    'usr_',
    '__proto__',
    "' OR 1=1 --",
    newId('usr', Date.now(), systemRandom),
    'x'.repeat(500),
  ];
  const named = ['sub', 'org', 'sid'].flatMap((name) => odd.map((value) => ({ ...of(ann), [name]: value })));
  const missing = ['sub', 'org', 'sid', 'iat'].map((name) => ({ ...claims(), [name]: undefined }));
  const all = [...mixed, ...named, ...missing] as Record<string, unknown>[];
  const tokens = await Promise.all(
    all.map(async (said): Promise<[string, string]> => [JSON.stringify(said), await people.sign(said)]),
  );
  expect(await accepted(tokens)).toEqual([]);
  expect(tokens.length).toBeGreaterThan(50);
});

it('a key that was retired long ago signs nothing', async () => {
  const retired = await signingKey(rig, 'access');
  const long = Date.now() - 40 * 86_400_000;
  await rig.database.query(
    `UPDATE signing_keys SET created_at = to_timestamp($2), retired_at = to_timestamp($2) WHERE kid = $1`,
    [retired.kid, long / 1000],
  );
  expect(await accepted([['a retired key', await people.sign(claims(), { key: retired })]])).toEqual([]);
});
