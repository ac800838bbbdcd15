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
