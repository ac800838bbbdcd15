import { ApiRig } from '../api.rig.js';
import { HELD, L4, joinGpus, priceGpus } from './gpu.rig.js';

type Answer = ReturnType<ApiRig['call']>;

let rig: ApiRig;
let operator: string;
let customer: string;
let organizationId: string;
let project: string;
beforeAll(async () => {
  rig = await ApiRig.start();
  ({ key: operator } = await rig.tenant('operators', true));
  ({ key: customer, organizationId } = await rig.tenant('customers'));
  project = (await rig.project(customer)).id;
  await rig.call('POST', '/v1/gpu-classes', { key: operator, body: { name: 'nvidia-l4', ...L4 } });
  for (const region of ['east', 'west']) await joinGpus(rig, operator, region);
  await priceGpus(rig, operator, organizationId);
});
afterAll(() => rig.stop());

const at = (service: string): string => `/v1/projects/${project}/services/${service}`;
const quota = (gpus: number | null, key = operator): Answer =>
  rig.call('PUT', `/v1/organizations/${organizationId}/quota`, { key, body: { gpus } });
const template = (maxInstances: number): object => ({
  image: 'registry.example/a',
  ...{ maxInstances, resources: { ...HELD, gpuClass: 'nvidia-l4' } },
});
const create = (name: string, maxInstances: number, more: object = {}): Answer =>
  rig.call('POST', `/v1/projects/${project}/services`, {
    key: customer,
    body: { name, template: template(maxInstances), ...more },
  });
const patch = (service: string, body: object): Answer =>
  rig.call('PATCH', at(service), { key: customer, body });
const split = (service: string, ...traffic: object[]): Answer =>
  rig.call('PUT', `${at(service)}/traffic`, { key: customer, body: { traffic } });
const remove = async (...services: string[]): Promise<void> => {
  for (const service of services) await rig.call('DELETE', at(service), { key: customer });
};
const refused = (field: string, left: number): object => ({
  code: 'FAILED_PRECONDITION',
  violations: [
    { field, message: `gpus times maxInstances, of all revisions and regions, must not be above ${left}` },
  ],
});

/** Plays the deployer: the revision that the present template asks for is there. @returns its name */
async function revised(service: string): Promise<string> {
  const [made] = await rig.database.query<{ name: string }>(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at)
     SELECT organization_id, 'rev_' || substr(id, 5, 18) || lpad(template_generation::text, 2, '0'), project_id, id,
       name || '-' || lpad(template_generation::text, 5, '0'), template_generation, template_generation, template, '{}', now()
     FROM services WHERE name = $1 RETURNING name`,
    [service],
  );
  return made?.name ?? '';
}

it('is said by operators, and bounds services that come at once', async () => {
  await create('first', 100);
  expect((await quota(500, customer)).status).toBe(403);
  // `first` may hold 100: as many as instances
  expect((await quota(103)).json).toMatchObject({ gpuQuota: 103 });
  expect((await create('large', 4)).json).toMatchObject(refused('template.resources.gpus', 3));
  // at once: only as many as fit
  const both = await Promise.all([create('one', 2), create('two', 2)]);
  expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
  // what is held is kept below a lower quota, and can be changed where it takes no more
  await quota(1);
  expect((await patch('first', { access: 'public' })).status).toBe(202);
  const more = await patch('first', { template: { maxInstances: 101 } });
  expect(more.json['code']).toBe('FAILED_PRECONDITION');
  expect((await quota(null)).json['gpuQuota']).toBeUndefined();
  await remove('first', 'one', 'two');
});

it('counts every revision with traffic or a tag', async () => {
  await quota(10);
  await create('held', 4);
  await revised('held');
  await patch('held', { template: { maxInstances: 3 } });
  await revised('held');
  const [former, newest] = ['held-00001', 'held-00002'];
  // going back asks for no more than the one it goes back to
  await quota(4);
  expect((await split('held', { revision: former, percent: 100 })).status).toBe(202);
  // to others as well: the newest has neither traffic nor a tag
  await quota(7);
  expect((await create('other', 4)).json).toMatchObject(refused('template.resources.gpus', 3));
  await quota(6);
  const halves = await split('held', { revision: former, percent: 50 }, { revision: 'latest', percent: 50 });
  expect(halves.json).toMatchObject(refused('traffic', 6));
  const tagged = await split(
    'held',
    { revision: former, percent: 0, tag: 'old' },
    { revision: newest, percent: 100 },
  );
  expect(tagged.json).toMatchObject(refused('traffic', 6));
  expect((await split('held', { revision: 'latest', percent: 100 })).status).toBe(202);
  // a name of the newest one is the same revision
  await quota(3);
  const named = await split(
    'held',
    { revision: 'latest', percent: 100 },
    { revision: newest, percent: 0, tag: 'now' },
  );
  expect(named.status).toBe(202);
  // until there is another
  const next = { template: { maxInstances: 2 } };
  expect((await patch('held', next)).json).toMatchObject(refused('template.resources.gpus', 3));
  await quota(5);
  expect((await patch('held', next)).status).toBe(202);
  await quota(null);
  await remove('held');
});

it('counts no revision without traffic and tag', async () => {
  await quota(5);
  await create('calm', 4);
  await split('calm', { revision: await revised('calm'), percent: 100 });
  // what `--no-traffic` asks for: the newest gets nothing
  expect((await patch('calm', { template: { maxInstances: 5 } })).status).toBe(202);
  const newest = await revised('calm');
  expect((await create('other', 2)).json).toMatchObject(refused('template.resources.gpus', 1));
  expect((await create('other', 1)).status).toBe(202);
  const tagged = { tag: 'next', template: { maxInstances: 2 } };
  expect((await patch('calm', tagged)).json).toMatchObject(refused('template.resources.gpus', 4));
  expect((await split('calm', { revision: newest, percent: 100 })).json).toMatchObject(refused('traffic', 4));
  await quota(6);
  expect((await split('calm', { revision: newest, percent: 100 })).status).toBe(202);
  expect((await create('third', 1)).json).toMatchObject(refused('template.resources.gpus', 0));
  await quota(null);
  await remove('calm', 'other');
});

it('is asked by a rollback as well', async () => {
  await create('back', 4);
  await revised('back');
  await patch('back', { template: { maxInstances: 3 } });
  await split('back', { revision: 'back-00001', percent: 50 }, { revision: 'latest', percent: 50 });
  await split('back', { revision: 'latest', percent: 100 });
  const rollback = (): Answer => rig.call('POST', `${at('back')}/rollback`, { key: customer, body: {} });
  await quota(6);
  expect((await rollback()).json).toMatchObject(refused('to', 6));
  await quota(7);
  expect((await rollback()).status).toBe(202);
  await quota(null);
  await remove('back');
});

it('counts each region', async () => {
  await quota(4);
  const regions = ['east', 'west'];
  expect((await create('wide', 3, { regions })).json).toMatchObject(refused('template.resources.gpus', 4));
  expect((await create('wide', 2, { regions })).status).toBe(202);
  expect((await create('narrow', 1)).json).toMatchObject(refused('template.resources.gpus', 0));
  expect((await patch('wide', { regions: ['east'] })).status).toBe(202);
  expect((await create('narrow', 1)).status).toBe(202);
  expect((await patch('wide', { regions })).json).toMatchObject(refused('template.resources.gpus', 3));
  await quota(null);
  await remove('wide', 'narrow');
});
