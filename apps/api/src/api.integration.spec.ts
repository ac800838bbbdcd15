import { isJoinToken } from '#libs/domain';
import { ApiRig } from './api.rig.js';

let rig: ApiRig;

beforeAll(async () => {
  rig = await ApiRig.start();
}, 60_000);
afterAll(() => rig.stop());

describe('projects', () => {
  it('are made, found by handle and id, listed in pages and deleted when empty', async () => {
    const { key } = await rig.tenant();
    const made = await rig.call('POST', '/v1/projects', { key, body: { name: 'shop', handle: 'shop-one' } });
    expect(made).toMatchObject({ status: 201, json: { name: 'shop', handle: 'shop-one', version: '1' } });
    expect(made.headers['etag']).toBe('"1"');
    expect(made.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const second = await rig.project(key);
    for (const ref of ['shop-one', String(made.json['id'])]) {
      expect((await rig.call('GET', `/v1/projects/${ref}`, { key })).json).toEqual(made.json);
    }
    const first = await rig.call('GET', '/v1/projects?limit=1', { key });
    expect(first.json['items']).toEqual([made.json]);
    const next = await rig.call('GET', `/v1/projects?limit=1&cursor=${String(first.json['nextCursor'])}`, {
      key,
    });
    expect(next.json).toEqual({ items: [expect.objectContaining({ id: second.id })] });
    expect((await rig.call('DELETE', `/v1/projects/shop-one`, { key })).status).toBe(200);
    expect((await rig.call('GET', `/v1/projects/shop-one`, { key })).status).toBe(404);
    const again = await rig.call('POST', '/v1/projects', { key, body: { name: 'shop', handle: 'shop-one' } });
    expect(again).toMatchObject({
      status: 409,
      json: { code: 'ALREADY_EXISTS', violations: [{ field: 'handle' }] },
    });
  });
});

describe('organizations', () => {
  it('are made by an operator with an owner key that works, once a request', async () => {
    const operator = (await rig.tenant('Operator', true)).key;
    const request = { key: operator, body: { name: 'Shoes Ltd' }, headers: { 'idempotency-key': 'org-1' } };
    const made = await rig.call('POST', '/v1/organizations', request);
    expect((await rig.call('POST', '/v1/organizations', request)).json).toEqual(made.json);
    const { organization, key } = made.json as { organization: { id: string }; key: { secret: string } };
    const who = await rig.call('GET', '/v1/whoami', { key: key.secret });
    expect(who.json).toMatchObject({
      actor: { role: 'owner', platformOperator: false },
      organization: { id: organization.id, name: 'Shoes Ltd' },
      key: { name: 'owner' },
      installation: { gatewayPort: 8081, domain: 'localhost' },
    });
    const path = `/v1/organizations/${organization.id}`;
    expect((await rig.call('GET', path, { key: operator })).status).toBe(404);
    const renamed = await rig.call('PATCH', path, { key: key.secret, body: { name: 'Shoes', version: '1' } });
    expect(renamed.json).toMatchObject({ name: 'Shoes', version: '2' });
    const all = await rig.call('GET', '/v1/organizations?limit=100', { key: operator });
    expect(all.json['items']).toContainEqual(renamed.json);
    const own = await rig.call('GET', '/v1/organizations', { key: key.secret });
    expect(own.json).toEqual({ items: [renamed.json] });
    expect((await rig.call('POST', '/v1/organizations', { ...request, key: key.secret })).status).toBe(403);
  });
});

describe('keys', () => {
  it('are made with a role no higher than the maker, listed without their text, and revoked', async () => {
    const { key } = await rig.tenant();
    const admin = await rig.key(key, 'admin');
    const body = { name: 'ci', role: 'developer', expiresAt: '2099-01-01T00:00:00Z' };
    const made = await rig.call('POST', '/v1/keys', { key: admin, body });
    expect(made).toMatchObject({
      status: 201,
      json: { role: 'developer', expiresAt: '2099-01-01T00:00:00.000Z' },
    });
    const { secret, ...shown } = made.json as { secret: string; id: string };
    const list = await rig.call('GET', '/v1/keys', { key: admin });
    expect(list.json['items']).toContainEqual(shown);
    expect(list.text).not.toContain(secret);
    expect((await rig.call('GET', '/v1/projects', { key: secret })).status).toBe(200);
    const higher = await rig.call('POST', '/v1/keys', { key: admin, body: { name: 'x', role: 'owner' } });
    expect(higher.json['code']).toBe('PERMISSION_DENIED');
    const revoked = await rig.call('DELETE', `/v1/keys/${shown.id}`, { key: admin });
    expect(revoked.json).toMatchObject({ id: shown.id, revokedAt: expect.any(String) as string });
    const project = await rig.project(key);
    const scoped = await rig.call('POST', '/v1/keys', {
      key,
      body: { name: 's', role: 'admin', project: project.handle },
    });
    expect(scoped.json['projectId']).toBe(project.id);
    const wider = await rig.call('POST', '/v1/keys', {
      key: String(scoped.json['secret']),
      body: { name: 'x', role: 'viewer' },
    });
    expect(wider.json['code']).toBe('PERMISSION_DENIED');
  });
});

describe('clusters', () => {
  it('are made by an operator and joined with a token that is stored as its hash', async () => {
    const operator = (await rig.tenant('Operator', true)).key;
    const body = { name: 'fra-1', provider: 'hetzner', region: 'eu-central', runtime: 'local' };
    const made = await rig.call('POST', '/v1/clusters', { key: operator, body });
    expect(made).toMatchObject({ status: 201, json: { ...body, zone: 'eu-central', capabilities: [] } });
    const again = await rig.call('POST', '/v1/clusters', { key: operator, body });
    expect(again.json).toMatchObject({ code: 'ALREADY_EXISTS', violations: [{ field: 'name' }] });
    const path = `/v1/clusters/${String(made.json['id'])}`;
    expect((await rig.call('GET', path, { key: operator })).json).toEqual(made.json);
    const token = await rig.call('POST', `${path}/join-tokens`, { key: operator });
    expect(token.status).toBe(201);
    expect(isJoinToken(String(token.json['token']))).toBe(true);
    expect(await rig.dump()).not.toContain(String(token.json['token']));
    const tenant = (await rig.tenant()).key;
    for (const url of ['/v1/clusters', path]) {
      expect((await rig.call('GET', url, { key: tenant })).status).toBe(403);
    }
  });
});
