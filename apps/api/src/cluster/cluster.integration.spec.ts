import type { Cluster, Door, Id } from '#libs/domain';
import { findCluster, joinCluster, recordCluster } from '#libs/store';
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

describe('emptying a cluster', () => {
  let rig: ApiRig;
  let key: string;
  beforeAll(async () => {
    rig = await ApiRig.start();
    ({ key } = await rig.tenant('operators', true));
  });
  afterAll(() => rig.stop());
  const make = async (name: string): Promise<string> => {
    const made = await rig.call('POST', '/v1/clusters', {
      key,
      body: { name, runtime: 'local', region: name },
    });
    return String(made.json['id']);
  };

  it('is shown by name or id, cordons, and ends with the cordon', async () => {
    const id = await make('beta');
    const drained = await rig.call('POST', '/v1/clusters/beta/drain', { key, body: {} });
    expect(drained.json).toMatchObject({ id, drain: { total: 0, left: 0, waiting: [] } });
    expect(drained.json['cordonedAt']).toBe((drained.json['drain'] as { startedAt: string }).startedAt);
    const again = await rig.call('POST', `/v1/clusters/${id}/drain`, { key, body: {} });
    expect(again.json['drain']).toEqual(drained.json['drain']);
    const open = await rig.call('POST', '/v1/clusters/beta/uncordon', { key, body: {} });
    expect([open.json['drain'], open.json['cordonedAt']]).toEqual([undefined, undefined]);
  });

  it('removes what holds nothing: it is found no more, and its name is free', async () => {
    const id = await make('gamma');
    const removed = await rig.call('DELETE', '/v1/clusters/gamma', { key });
    expect([removed.status, removed.json['id']]).toEqual([200, id]);
    expect((await rig.call('GET', `/v1/clusters/${id}`, { key })).status).toBe(404);
    expect((await rig.call('DELETE', `/v1/clusters/${id}`, { key })).status).toBe(404);
    expect(await make('gamma')).not.toBe(id);
  });

  it('shows what its agent found, and keeps a door that is not said for a while', async () => {
    const id = (await make('epsilon')) as Id<'cls'>;
    const door = { host: '10.0.0.1', port: 443, secure: true } as const;
    const condition = {
      type: 'Knative',
      status: 'false',
      reason: 'NotInstalled',
      message: 'm',
      changedAt: 0,
    } as const;
    const supply = { gpuClass: 'l4', nodes: 1, perNode: 4, total: 4, taken: 3, freePerNode: 1 };
    const gpus = [{ product: 'NVIDIA-L4', nodes: 1, count: 4 }];
    const found = { conditions: [condition], gpus, supply: [supply] };
    const at = Date.now();
    const seen = { id, runtime: 'knative' } as const;
    const heard = (
      seenAt: number,
      more: Partial<Cluster> & { waitingDoor?: Door },
    ): Promise<Cluster | undefined> =>
      rig.parts.db.asSystem(async (tx) => {
        await recordCluster(tx, { ...seen, capabilities: [], seenAt, ...more });
        return findCluster(tx, id);
      });
    await rig.parts.db.asSystem((tx) => joinCluster(tx, id, {}, at));
    const working = await heard(at - 9_000, { door, found });
    expect([working?.waitingSince, working?.found]).toEqual([undefined, found]);
    // waits since it was last heard of as working, which a later look at it is not
    for (const seenAt of [at - 4_000, at]) {
      const waiting = await heard(seenAt, {});
      expect(waiting).toMatchObject({ door, found, waitingSince: at - 9_000, lastSeenAt: seenAt });
    }
    const moved = { ...door, host: '10.0.0.2' };
    expect(await heard(at, { waitingDoor: moved })).toMatchObject({ door: moved, waitingSince: at - 9_000 });
    const { json: told } = await rig.call('GET', `/v1/clusters/${id}`, { key });
    expect(told['conditions']).toContainEqual(expect.objectContaining({ type: 'Answers', reason: 'Waits' }));
    const aged = { clockOffsetMs: -(40 * 86_400_000) };
    expect(await heard(at, aged)).toMatchObject(aged);
    const query = `{ cluster(cluster: "${id}") { clockOffsetMs gpuSupply { gpuClass free } } }`;
    const { json: asked } = await rig.call('POST', '/graphql', { key, body: { query } });
    const gpuSupply = [{ gpuClass: 'l4', free: 1 }];
    expect(asked).toEqual({ data: { cluster: { clockOffsetMs: -(2 ** 31), gpuSupply } } });
    expect((await heard(at, { door }))?.waitingSince).toBeUndefined();
    const { json } = await rig.call('GET', `/v1/clusters/${id}`, { key });
    expect([json['gpus'], json['gpuSupply']]).toEqual([gpus, [{ ...supply, free: 1 }]]);
    const uncounted = await heard(at, { door, found: { conditions: [], gpus } });
    expect(uncounted?.found?.supply).toBeUndefined();
    const { json: unknown } = await rig.call('GET', `/v1/clusters/${id}`, { key });
    expect(unknown).not.toHaveProperty('gpuSupply');
    expect(json['conditions']).toContainEqual({ ...condition, changedAt: '1970-01-01T00:00:00.000Z' });
  });

  it('is an operator’s', async () => {
    await make('delta');
    const { key: other } = await rig.tenant('customers');
    for (const [method, path] of [
      ['POST', '/v1/clusters/delta/drain'],
      ['DELETE', '/v1/clusters/delta'],
    ] as const)
      expect(
        (await rig.call(method, path, { key: other, ...(method === 'POST' ? { body: {} } : {}) })).status,
      ).toBe(403);
  });

  it('takes only regions in which there is a cluster, and names them', async () => {
    await make('west');
    const tenant = await rig.tenant('regions');
    const project = await rig.project(tenant.key);
    const made = await rig.service(tenant.key, project.id, 'web', { regions: ['west'] });
    const at = `/v1/projects/${project.id}/services/web`;
    expect((await rig.call('GET', at, { key: tenant.key })).json['regions']).toEqual(['west']);
    expect(made).toBeDefined();
    const wrong = await rig.call('PATCH', at, {
      key: tenant.key,
      body: { regions: ['west', 'mars', 'west'] },
    });
    expect(wrong.json['violations']).toEqual([
      { field: 'regions[2]', message: 'is given twice' },
      { field: 'regions[1]', message: expect.stringMatching(/there are .*west/) as string },
    ]);
    await rig.call('PATCH', at, { key: tenant.key, body: { regions: null } });
    expect((await rig.call('GET', at, { key: tenant.key })).json['regions']).toBeUndefined();
  });
});
