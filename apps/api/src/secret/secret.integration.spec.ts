import { openSecretVersion } from '#libs/store';
import { ApiRig, type RigTenant } from '../api.rig.js';

const CANARY = 'canary-7f3a91c2-value';

let rig: ApiRig;
let tenant: RigTenant;
let secrets: string;
const answers: string[] = [];

beforeAll(async () => {
  rig = await ApiRig.start();
  tenant = await rig.tenant();
  secrets = `/v1/projects/${(await rig.project(tenant.key)).id}/secrets`;
}, 60_000);
afterAll(() => rig.stop());

async function call(...args: Parameters<ApiRig['call']>): ReturnType<ApiRig['call']> {
  const answer = await rig.call(args[0], args[1], { key: tenant.key, ...args[2] });
  answers.push(answer.text, JSON.stringify(answer.headers));
  return answer;
}

it('a secret has versions, never values: not in an answer, not in a table, and only its owner can open it', async () => {
  const headers = { 'idempotency-key': 'once' };
  const made = await call('POST', secrets, { body: { name: 'token', value: CANARY }, headers });
  await call('POST', secrets, { body: { name: 'token', value: CANARY }, headers });
  expect(made).toMatchObject({ status: 201, json: { name: 'token', versions: [{ number: 1 }] } });
  const more = await call('POST', `${secrets}/token/versions`, { body: { value: `${CANARY}-2` } });
  expect(more.json['versions']).toMatchObject([{ number: 1 }, { number: 2 }]);
  await call('GET', secrets);
  await call('GET', `${secrets}/${String(made.json['id'])}`);
  await call('POST', secrets, { body: { name: 'Bad Name', value: CANARY } });
  await call('POST', secrets, { body: { name: 'token', value: CANARY } });
  await call('POST', secrets, { body: { name: 'b', value: [CANARY] } });
  await call('GET', '/v1/audit');
  const id = made.json['id'] as `sec_${string}`;
  const dump = await rig.dump();
  for (const form of [
    CANARY,
    Buffer.from(CANARY).toString('hex'),
    Buffer.from(CANARY).toString('base64').slice(0, 20),
  ]) {
    expect(dump).not.toContain(form);
    expect(answers.join('\n')).not.toContain(form);
  }
  const { db, masterKey } = rig.parts;
  const open = (organizationId: string, master: Uint8Array): Promise<Buffer> =>
    db.asSystem((tx) => openSecretVersion(tx, organizationId, id, 2, master));
  expect((await open(tenant.organizationId, masterKey)).toString()).toBe(`${CANARY}-2`);
  await expect(open((await rig.tenant()).organizationId, masterKey)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(open(tenant.organizationId, Buffer.alloc(32))).rejects.toThrow();
});

it('a sealed value moved to another secret does not open', async () => {
  const one = await call('POST', secrets, { body: { name: 'one', value: 'a' } });
  const two = await call('POST', secrets, { body: { name: 'two', value: 'b' } });
  await rig.database.query(
    `UPDATE secret_versions SET sealed = (SELECT sealed FROM secret_versions WHERE secret_id = $1) WHERE secret_id = $2`,
    [one.json['id'], two.json['id']],
  );
  const id = two.json['id'] as `sec_${string}`;
  const opening = rig.parts.db.asSystem((tx) =>
    openSecretVersion(tx, tenant.organizationId, id, 1, rig.parts.masterKey),
  );
  await expect(opening).rejects.toThrow();
});

it('many versions at once get numbers of their own', async () => {
  await call('POST', secrets, { body: { name: 'busy', value: '1' } });
  const body = { value: '2' };
  const made = await Promise.all(
    Array.from({ length: 5 }, () => call('POST', `${secrets}/busy/versions`, { body })),
  );
  expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  const { json } = await call('GET', `${secrets}/busy`);
  expect((json['versions'] as { number: number }[]).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
});

it('a secret in use cannot be deleted; an unused one is erased', async () => {
  const project = secrets.split('/')[3] ?? '';
  const uploadId = await rig.upload(tenant.key, project);
  await call('POST', secrets, { body: { name: 'used', value: 'x' } });
  const template = { source: { uploadId }, env: [{ name: 'T', secret: { name: 'used' } }] };
  await call('POST', `/v1/projects/${project}/services`, { body: { name: 'user', template } });
  const refused = await call('DELETE', `${secrets}/used`);
  expect(refused.json).toMatchObject({ code: 'FAILED_PRECONDITION', detail: 'The secret is used by user.' });
  const unused = await call('POST', secrets, { body: { name: 'unused', value: 'x' } });
  expect((await call('DELETE', `${secrets}/unused`)).status).toBe(200);
  const rows = await rig.database.query('SELECT 1 FROM secret_versions WHERE secret_id = $1', [
    unused.json['id'],
  ]);
  expect(rows).toEqual([]);
  expect((await call('GET', `${secrets}/unused`)).status).toBe(404);
});
