import { ApiRig } from '../api.rig.js';

describe('a cordon', () => {
  let rig: ApiRig;
  let key: string;
  let cluster: string;
  beforeAll(async () => {
    rig = await ApiRig.start();
    ({ key } = await rig.tenant('operators', true));
    const made = await rig.call('POST', '/v1/clusters', { key, body: { name: 'alpha', runtime: 'knative' } });
    cluster = String(made.json['id']);
  });
  afterAll(() => rig.stop());

  it('is kept with its first time, shown, and taken away', async () => {
    const first = await rig.call('POST', `/v1/clusters/${cluster}/cordon`, { key, body: {} });
    expect(first.status).toBe(200);
    const again = await rig.call('POST', `/v1/clusters/${cluster}/cordon`, { key, body: {} });
    expect(again.json['cordonedAt']).toBe(first.json['cordonedAt']);
    const shown = await rig.call('GET', `/v1/clusters/${cluster}`, { key });
    expect(shown.json['cordonedAt']).toBe(first.json['cordonedAt']);
    const open = await rig.call('POST', `/v1/clusters/${cluster}/uncordon`, { key, body: {} });
    expect(open.json['cordonedAt']).toBeUndefined();
  });

  it('is an operator’s, of a cluster that is there', async () => {
    const { key: other } = await rig.tenant('customers');
    const refused = await rig.call('POST', `/v1/clusters/${cluster}/cordon`, { key: other, body: {} });
    expect(refused.status).toBe(403);
    const absent = await rig.call('POST', '/v1/clusters/cls_00000000000000000000/cordon', { key, body: {} });
    expect(absent.status).toBe(404);
  });
});
