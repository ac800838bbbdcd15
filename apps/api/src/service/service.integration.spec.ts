import { CONTAINERS, TEMPLATE_DEFAULTS, type Id } from '#libs/domain';
import { joinCluster, recordCluster } from '#libs/store';
import { ApiRig } from '../api.rig.js';

let rig: ApiRig;
let key: string;
let project: { id: string; handle: string };

beforeAll(async () => {
  rig = await ApiRig.start();
  key = (await rig.tenant()).key;
  project = await rig.project(key);
}, 60_000);
afterAll(() => rig.stop());

const url = (name: string): string => `/v1/projects/${project.handle}/services/${name}`;

/** Plays the deployer: revisions exist and are ready, the newest is the last named. */
async function ready(service: string, ...names: string[]): Promise<void> {
  const [row] = await rig.database.query<Record<string, string>>('SELECT * FROM services WHERE id = $1', [
    service,
  ]);
  for (const [index, name] of names.entries()) {
    await rig.database.query(
      `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
         created_at) VALUES ($1, $2, $3, $4, $5, $6::int, $6::int, $7, $8, now()) ON CONFLICT DO NOTHING`,
      [
        row?.['organization_id'],
        `rev_${service.slice(4, 19)}${String(index).padStart(5, '0')}`,
        row?.['project_id'],
        service,
        name,
        index + 1,
        JSON.stringify({
          imageDigest: 'sha256:0',
          env: [],
          resources: { cpuMillis: 1, memoryMiB: 1 },
          concurrency: 1,
          timeoutSeconds: 1,
          maxInstances: 1,
          port: 1,
          protocol: 'http1',
        }),
        JSON.stringify({
          instances: 0,
          conditions: [{ type: 'Ready', status: 'true', reason: 'Ready', message: '', changedAt: 1 }],
        }),
      ],
    );
  }
  const status = { observedGeneration: 1, traffic: [], conditions: [], latestReadyRevision: names.at(-1) };
  await rig.database.query('UPDATE services SET status = $2 WHERE id = $1', [
    service,
    JSON.stringify(status),
  ]);
}

describe('a service', () => {
  it('is made with its operation, its traffic row, one message and one audit row, in one transaction', async () => {
    const made = await rig.service(key, project.id, 'hello', { access: 'public' });
    expect(made.status).toBe(202);
    const service = made.json['service'] as { id: string; name: string };
    expect(made.json).toMatchObject({
      project,
      service: { name: 'hello' },
      kind: 'deploy',
      status: 'pending',
      steps: ['build', 'revision', 'placement', 'ready', 'traffic', 'gateways'].map((name) => ({
        name,
        status: 'pending',
        message: '',
      })),
      version: '1',
    });
    const rows = await rig.database.query<{ name: string; key: string }>(
      'SELECT name, key FROM outbox WHERE key = $1',
      [service.id],
    );
    expect(rows).toEqual([{ name: 'service.changed', key: service.id }]);
    const changes = await rig.call('GET', `${url('hello')}/traffic/changes`, { key });
    expect(changes.json['items']).toMatchObject([
      { number: 1, from: [], to: [{ revision: 'latest', percent: 100 }] },
    ]);
    const audit = await rig.call('GET', '/v1/audit?limit=1', { key });
    expect(audit.json['items']).toMatchObject([
      { action: 'services.create', object: service.id, requestId: made.headers['x-request-id'] },
    ]);
    const got = await rig.call('GET', url('hello'), { key });
    expect(got.json).toMatchObject({
      id: service.id,
      project,
      access: 'public',
      minInstances: 0,
      rollout: 'surge',
      template: { concurrency: 80, timeoutSeconds: 300, port: 8080, protocol: 'http1', env: [] },
      traffic: [{ revision: 'latest', percent: 100 }],
      generation: 1,
      url: `http://hello--${project.handle}.localhost:8081`,
      status: { observedGeneration: 0, traffic: [], conditions: [] },
      version: '1',
    });
    expect(got.headers['etag']).toBe('"1"');
  });

  it('is changed by a merge patch: env by name, null to the default, a new revision only for a new template', async () => {
    await rig.service(key, project.id, 'merge');
    const body = {
      template: {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        concurrency: 5,
      },
    };
    const deploy = await rig.call('PATCH', url('merge'), { key, body });
    expect(deploy.json).toMatchObject({ kind: 'deploy' });
    const template = { env: [{ name: 'A', value: null }], concurrency: null };
    const patch = { template, access: 'public', rollout: 'replace' };
    await rig.call('PATCH', url('merge'), { key, body: patch });
    const { json } = await rig.call('GET', url('merge'), { key });
    expect(json).toMatchObject({
      access: 'public',
      rollout: 'replace',
      generation: 3,
      version: '3',
      template: { concurrency: 80 },
    });
    expect((json['template'] as { env: unknown }).env).toEqual([{ name: 'B', value: '2' }]);
    const access = await rig.call('PATCH', url('merge'), {
      key,
      body: { access: 'private' },
      headers: { 'if-match': '"3"' },
    });
    expect(access.json).toMatchObject({ kind: 'update' });
    const [row] = await rig.database.query('SELECT template_generation FROM services WHERE name = $1', [
      'merge',
    ]);
    expect(row).toEqual({ template_generation: 3 });
  });

  it('keeps traffic where it is on request, and goes back to former splits', async () => {
    const made = await rig.service(key, project.id, 'split');
    const { id } = made.json['service'] as { id: string };
    await ready(id, 'split-00001');
    const body = { template: { env: [{ name: 'V', value: '2' }] }, noTraffic: true, tag: 'canary' };
    expect((await rig.call('PATCH', url('split'), { key, body })).status).toBe(202);
    const intent = async (): Promise<unknown> =>
      (await rig.call('GET', `${url('split')}/traffic`, { key })).json['intent'];
    const pinned = [
      { revision: 'split-00001', percent: 100 },
      { revision: 'latest', percent: 0, tag: 'canary' },
    ];
    expect(await intent()).toEqual(pinned);
    await ready(id, 'split-00001', 'split-00002');
    const half = [
      { revision: 'split-00001', percent: 50 },
      { revision: 'split-00002', percent: 50, tag: 'canary' },
    ];
    const set = await rig.call('PUT', `${url('split')}/traffic`, { key, body: { traffic: half } });
    expect(set.json).toMatchObject({ kind: 'traffic', steps: [{ name: 'traffic' }, { name: 'gateways' }] });
    const back = await rig.call('POST', `${url('split')}/rollback`, { key });
    expect(back.json).toMatchObject({ kind: 'rollback' });
    expect(await intent()).toEqual(pinned);
    await rig.call('POST', `${url('split')}/rollback`, { key, body: { to: 1 } });
    expect(await intent()).toEqual([{ revision: 'latest', percent: 100 }]);
    const changes = await rig.call('GET', `${url('split')}/traffic/changes?limit=2`, { key });
    expect((changes.json['items'] as { number: number }[]).map(({ number }) => number)).toEqual([5, 4]);
    const more = await rig.call(
      'GET',
      `${url('split')}/traffic/changes?limit=2&cursor=${String(changes.json['nextCursor'])}`,
      { key },
    );
    expect((more.json['items'] as { number: number }[]).map(({ number }) => number)).toEqual([3, 2]);
  });

  it('goes back to what served before a deploy, also when traffic was changed before it', async () => {
    const made = await rig.service(key, project.id, 'first');
    const { id } = made.json['service'] as { id: string };
    await ready(id, 'first-00001');
    const deploy = async (value: string): Promise<unknown> => {
      const body = { template: { env: [{ name: 'V', value }] } };
      return (await rig.call('PATCH', url('first'), { key, body })).status;
    };
    expect(await deploy('2')).toBe(202);
    await ready(id, 'first-00001', 'first-00002');
    const latest = { traffic: [{ revision: 'latest', percent: 100 }] };
    for (const traffic of [{ traffic: [{ revision: 'first-00001', percent: 100 }] }, latest]) {
      expect((await rig.call('PUT', `${url('first')}/traffic`, { key, body: traffic })).status).toBe(202);
    }
    expect(await deploy('3')).toBe(202);
    await ready(id, 'first-00001', 'first-00002', 'first-00003');
    expect((await rig.call('POST', `${url('first')}/rollback`, { key })).status).toBe(202);
    const traffic = await rig.call('GET', `${url('first')}/traffic`, { key });
    expect(traffic.json['intent']).toEqual([{ revision: 'first-00002', percent: 100 }]);
  });

  it('is deleted, not found any more, and its name is free once nothing of it is left', async () => {
    await rig.service(key, project.id, 'gone');
    const deleted = await rig.call('DELETE', url('gone'), { key });
    expect(deleted).toMatchObject({
      status: 202,
      json: { kind: 'delete', steps: [{ name: 'gateways' }, { name: 'removal' }] },
    });
    expect((await rig.call('GET', url('gone'), { key })).status).toBe(404);
    expect((await rig.call('GET', `/v1/operations/${String(deleted.json['id'])}`, { key })).status).toBe(200);
    expect((await rig.service(key, project.id, 'gone')).json['code']).toBe('ALREADY_EXISTS');
    await rig.database.query(`UPDATE services SET removed_at = now() WHERE name = 'gone'`);
    expect((await rig.service(key, project.id, 'gone')).status).toBe(202);
  });

  it('can be waited for', async () => {
    const made = await rig.service(key, project.id, 'waited');
    const finish = `UPDATE operations SET status = 'succeeded', finished_at = now(), version = version + 1 WHERE finished_at IS NULL`;
    expect(made.status).toBe(202);
    const waiting = rig.call('PATCH', `${url('waited')}?wait=20s`, { key, body: { access: 'public' } });
    const timer = setInterval(() => void rig.database.query(finish), 200);
    const ended = await waiting.finally(() => clearInterval(timer));
    expect(ended).toMatchObject({ status: 200, json: { status: 'succeeded' } });
  });
});

it('goes back to defaults field by field where a change says null', async () => {
  const cluster = await rig.call('POST', '/v1/clusters', {
    key: (await rig.tenant('operator', true)).key,
    body: { name: 'images', runtime: 'knative' },
  });
  const id = String(cluster.json['id']) as Id<'cls'>;
  await rig.parts.db.asSystem(async (tx) => {
    await joinCluster(tx, id, {}, Date.now());
    await recordCluster(tx, { id, runtime: 'knative', capabilities: [CONTAINERS], seenAt: Date.now() });
  });
  const image = 'registry.test/a/b:1';
  const set = {
    ...{
      concurrency: 1,
      timeoutSeconds: 5,
      maxInstances: 7,
      port: 9000,
      protocol: 'h2c',
      command: ['a'],
      args: ['b'],
    },
    ...{ resources: { cpuMillis: 250, memoryMiB: 64 }, probes: { startup: { type: 'tcp' } } },
    volumes: [{ name: 'v', mountPath: '/v' }],
  };
  await rig.service(key, project.id, 'nulls', { template: { image, ...set } });
  const at = `/v1/projects/${project.id}/services/nulls`;
  const nulls = {
    ...{ concurrency: null, timeoutSeconds: null, maxInstances: null, port: null, protocol: null },
    ...{ command: null, args: null, pullSecret: null, source: null, env: [], files: [] },
    resources: { cpuMillis: null, memoryMiB: null },
    probes: { startup: null, readiness: null, liveness: null },
    volumes: [{ name: 'v', mountPath: null }],
  };
  const changed = await rig.call('PATCH', at, { key, body: { template: { image, ...nulls } } });
  expect(changed.status).toBe(202);
  const { template } = (await rig.call('GET', at, { key })).json;
  expect(template).toEqual({ image, ...TEMPLATE_DEFAULTS });
});
