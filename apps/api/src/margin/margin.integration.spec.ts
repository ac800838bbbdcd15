import { DEFAULT_ZONE, newId, type Id } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { ApiRig, type RigTenant } from '../api.rig.js';

const DAY = Date.UTC(2026, 9, 5);
const ONES = { currency: 'USD', vcpuSecond: '1', gibSecond: '1' };
let rig: ApiRig;
let operator: RigTenant;
let tenant: RigTenant;
let cluster: string;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  tenant = await rig.tenant('customers');
  const body = { name: 'alpha', runtime: 'local' };
  cluster = String((await rig.call('POST', '/v1/clusters', { key: operator.key, body })).json['id']);
});
afterAll(() => rig.stop());

/** 10 blocks and one request were billed, and 4 s of an instance were seen. */
async function use(): Promise<void> {
  const { organizationId, key } = tenant;
  const project = await rig.project(key);
  const made = await rig.service(key, project.id, 'web');
  const serviceId = (made.json['service'] as { id: Id<'svc'> }).id;
  const revision = newId('rev', DAY, systemRandom);
  const spec = { resources: { cpuMillis: 1000, memoryMiB: 512 } };
  await rig.database.query(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at) VALUES ($1, $2, $3, $4, 'web-00001', 1, 1, $5, '{}', now())`,
    [organizationId, revision, project.id, serviceId, spec],
  );
  await rig.database.query(
    `INSERT INTO billing_windows VALUES ($1, $2, $3, $4, $5, $6, 1, 0, 10, 12, '[]', 0, 0, now())`,
    [organizationId, project.id, serviceId, revision, DEFAULT_ZONE, DAY],
  );
  await rig.database.query(
    `INSERT INTO instance_time VALUES ($1, $2, $3, '2026-10-05', 4000, 4000000, 2048000)`,
    [organizationId, cluster, serviceId],
  );
}

interface Answer {
  items: { id: string; currency: string; clusters: Record<string, unknown>[] }[];
  nextCursor?: string;
}

async function margins(month = '2026-10', limit = 50): Promise<Map<string, Record<string, unknown>[]>> {
  const all = new Map<string, Record<string, unknown>[]>();
  let cursor = '';
  do {
    const path = `/v1/margins?month=${month}&limit=${limit}${cursor}`;
    const page = (await rig.call('GET', path, { key: operator.key })).json as unknown as Answer;
    for (const { id, clusters } of page.items) all.set(id, clusters);
    cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
  } while (cursor !== '');
  return all;
}

const price = (body: object, key = operator.key): ReturnType<ApiRig['call']> =>
  rig.call('PUT', '/v1/clusters/alpha/price', { key, body });

/** Of the tenant's service, so many ms of one GPU. */
async function useGpus(gpuClass: string, ms: number): Promise<void> {
  await rig.database.query(
    `INSERT INTO instance_gpu_time SELECT organization_id, cluster_id, service_id, day, $2, $3 FROM instance_time
     WHERE organization_id = $1`,
    [tenant.organizationId, gpuClass, ms],
  );
}

describe('the margin of an operator', () => {
  it('is what was charged without what the time of instances costs', async () => {
    await use();
    const [unpriced] = (await margins()).get(tenant.organizationId) ?? [];
    expect(unpriced).toEqual({
      ...{ cluster, name: 'alpha', billedSeconds: '1', instanceSeconds: '4' },
      ...{ amount: '0.00002565', charged: '0' },
      unpricedGpus: [],
    });
    const body = { currency: 'USD', vcpuSecond: '0.000002', gibSecond: '0.0000005' };
    expect((await price(body)).json['price']).toMatchObject(body);
    expect((await rig.call('GET', '/v1/clusters/alpha', { key: operator.key })).json['price']).toMatchObject(
      body,
    );
    const found = await margins('2026-10', 1);
    expect(found.get(tenant.organizationId)).toEqual([
      { ...unpriced, cost: '0.000009', margin: '-0.000009' },
    ]);
    expect(found.get(operator.organizationId)).toEqual([]);
    expect((await margins('2026-09')).get(tenant.organizationId)).toEqual([]);
  });

  it('counts GPUs by class: the cost is not known while one has no price, and that one is named', async () => {
    await useGpus('nvidia-l4', 3_000);
    await useGpus('nvidia-h100', 500);
    const rates = { currency: 'USD', vcpuSecond: '0.000002', gibSecond: '0.0000005' };
    const gpuSeconds = [{ gpuClass: 'nvidia-l4', price: '0.0002' }];
    const { json } = await price({ ...rates, gpuSeconds });
    expect(json['price']).toMatchObject({ ...rates, gpuSeconds });
    const margin = async () => (await margins()).get(tenant.organizationId)?.[0];
    const half = await margin();
    const listed = await rig.call('GET', '/v1/margins?month=2026-10', { key: operator.key });
    expect((listed.json['items'] as { gpus: object[] }[]).flatMap(({ gpus }) => gpus)).toEqual([
      { cluster, gpuClass: 'nvidia-h100', seconds: '0.5' },
      { cluster, gpuClass: 'nvidia-l4', seconds: '3' },
    ]);
    expect(half?.['unpricedGpus']).toEqual(['nvidia-h100']);
    expect([half?.['cost'], half?.['margin']]).toEqual([undefined, undefined]);
    await price({ ...rates, gpuSeconds: [...gpuSeconds, { gpuClass: 'nvidia-h100', price: '0.001' }] });
    expect(await margin()).toMatchObject({ unpricedGpus: [], cost: '0.001109', margin: '-0.001109' });
  });

  it('is the operator’s alone', async () => {
    const { key } = tenant;
    expect((await rig.call('GET', '/v1/margins', { key })).json['code']).toBe('PERMISSION_DENIED');
    const body = { currency: 'USD', vcpuSecond: '1', gibSecond: '1' };
    expect((await price(body, key)).json['code']).toBe('PERMISSION_DENIED');
  });

  it.each([
    ['currency', { currency: 'dollars', vcpuSecond: '1', gibSecond: '1' }],
    ['vcpuSecond', { currency: 'USD', vcpuSecond: '-1', gibSecond: '1' }],
    ['gibSecond', { currency: 'USD', vcpuSecond: '1', gibSecond: '1e-3' }],
    ['gpuSeconds[0].price', { ...ONES, gpuSeconds: [{ gpuClass: 'l4', price: '-1' }] }],
    ['gpuSeconds[0].gpuClass', { ...ONES, gpuSeconds: [{ gpuClass: 'No Class', price: '1' }] }],
    [
      'gpuSeconds[1].gpuClass',
      { ...ONES, gpuSeconds: ['1', '2'].map((text) => ({ gpuClass: 'l4', price: text })) },
    ],
  ])('a price with a wrong %s is refused and changes nothing', async (field, body) => {
    const before = await rig.database.query('SELECT * FROM cluster_prices');
    const { json } = await price(body);
    expect((json['violations'] as { field: string }[]).map((one) => one.field)).toEqual([field]);
    expect(await rig.database.query('SELECT * FROM cluster_prices')).toEqual(before);
  });
});
