import { createLogger } from '#libs/process';
import { SteppedClock } from '#libs/testing';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';
import { Credentials } from '../credential/credentials.js';

let rig: ApiRig;
let operator: RigTenant;
let tenant: RigTenant;
let project: { id: string };

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('platform', true);
  tenant = await rig.tenant('seen');
  project = await rig.project(tenant.key);
}, 60_000);
afterAll(() => rig.stop());

interface Made {
  grant: { id: string; keyId: string; expiresAt: string };
  key: { secret: string };
}
const at = (of = tenant, rest = ''): string => `/v1/organizations/${of.organizationId}/grants${rest}`;
const ask = (body: object, key = operator.key, of = tenant): Promise<RigAnswer> =>
  rig.call('POST', at(of), { key, body });
const grant = async (role: 'viewer' | 'admin', more: object = {}): Promise<Made> =>
  (await ask({ role, reason: 'ticket 12', ...more })).json as unknown as Made;
const auditOf = async (): Promise<Record<string, unknown>[]> =>
  (await rig.call('GET', '/v1/audit?limit=100', { key: tenant.key })).json['items'] as Record<
    string,
    unknown
  >[];

describe('an operator without a grant', () => {
  it('sees ids, names and status of organizations, and nothing in them', async () => {
    const { key } = operator;
    const list = await rig.call('GET', '/v1/organizations?limit=100', { key });
    expect(list.text).toContain(tenant.organizationId);
    for (const path of [
      `/v1/organizations/${tenant.organizationId}`,
      `/v1/organizations/${tenant.organizationId}/export`,
      `/v1/projects/${project.id}`,
      `/v1/projects/${project.id}/services`,
      `/v1/projects/${project.id}/secrets`,
      `/v1/projects/${project.id}/usage`,
    ])
      expect([path, (await rig.call('GET', path, { key })).status]).toEqual([path, 404]);
    for (const path of ['/v1/projects', '/v1/keys', '/v1/audit', '/v1/operations', '/v1/members'])
      expect((await rig.call('GET', path, { key })).text).not.toContain(tenant.organizationId);
  });
});

describe('a grant', () => {
  it('lets an operator look, names it in the audit, and is ended by the owner', async () => {
    const made = await grant('viewer');
    const { secret: key } = made.key;
    expect((await rig.call('GET', `/v1/projects/${project.id}`, { key })).status).toBe(200);
    expect((await rig.call('POST', '/v1/projects', { key, body: { name: 'x' } })).status).toBe(403);
    expect((await rig.call('GET', '/v1/clusters', { key })).status).toBe(403);
    const listed = await rig.call('GET', at(), { key: tenant.key });
    expect(listed.json['items']).toMatchObject([{ id: made.grant.id, role: 'viewer', reason: 'ticket 12' }]);
    expect(listed.text).not.toContain(key);
    expect((await auditOf())[0]).toMatchObject({
      action: 'grants.create',
      object: made.grant.id,
      after: { role: 'viewer', reason: 'ticket 12', expiresAt: made.grant.expiresAt },
    });
    const ended = await rig.call('DELETE', at(tenant, `/${made.grant.id}`), { key: tenant.key });
    expect(ended.json).toHaveProperty('endedAt');
    expect((await rig.call('DELETE', at(tenant, `/${made.grant.id}`), { key: tenant.key })).json).toEqual(
      ended.json,
    );
    const fresh = new Credentials(rig.parts.db, rig.parts.clock, rig.parts.logger);
    await expect(fresh.authenticate(`Bearer ${key}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('of an admin changes things, under its own name, and leaves nothing behind that outlives it', async () => {
    const made = await grant('admin');
    const { secret: key } = made.key;
    const secrets = `/v1/projects/${project.id}/secrets`;
    expect((await rig.call('POST', secrets, { key, body: { name: 'mended', value: 'v' } })).status).toBe(201);
    expect((await auditOf())[0]).toMatchObject({
      action: 'secrets.create',
      actor: made.grant.keyId,
      grant: made.grant.id,
      onBehalfOf: expect.stringMatching(/^key_/) as string,
    });
    const outliving: [string, string, object | undefined][] = [
      ['POST', '/v1/keys', { name: 'stay', role: 'viewer' }],
      ['POST', '/v1/invitations', { email: 'me@example.com', role: 'admin' }],
      ['POST', `/v1/organizations/${tenant.organizationId}/close`, {}],
      ['GET', `/v1/organizations/${tenant.organizationId}/export`, undefined],
      ['POST', at(), { role: 'admin', reason: 'longer' }],
    ];
    for (const [method, path, body] of outliving) {
      const request = body === undefined ? { key } : { key, body };
      expect([path, (await rig.call(method, path, request)).status]).toEqual([path, 403]);
    }
  });

  it('ends by itself, at the time that the database knows', async () => {
    const made = await grant('viewer', { lifetimeSeconds: 60 });
    const clock = new SteppedClock(Date.now());
    const credentials = new Credentials(rig.parts.db, clock, createLogger('spec', 'silent'));
    const header = `Bearer ${made.key.secret}`;
    clock.step(55_000);
    await expect(credentials.authenticate(header)).resolves.toMatchObject({ role: 'viewer' });
    clock.step(5_000);
    await expect(credentials.authenticate(header)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each<[string, object]>([
    ['longer than 8 hours', { role: 'viewer', reason: 'r', lifetimeSeconds: 8 * 3_600 + 1 }],
    ['of an owner', { role: 'owner', reason: 'r' }],
    ['without a reason', { role: 'viewer' }],
  ])('%s is refused', async (_what, body) => {
    expect((await ask(body)).json['code']).toBe('INVALID_ARGUMENT');
  });

  it('is made by operators only, and not for their own organization', async () => {
    const body = { role: 'viewer', reason: 'r' };
    expect((await ask(body, tenant.key)).status).toBe(403);
    expect((await ask(body, operator.key, operator)).json['code']).toBe('FAILED_PRECONDITION');
  });
});

it('the organization reads in its audit what operators did to it', async () => {
  const other = await rig.tenant('audited');
  const path = `/v1/organizations/${other.organizationId}`;
  const { key } = operator;
  await rig.call('POST', `${path}/grants`, { key, body: { role: 'viewer', reason: 'look' } });
  await rig.call('POST', `${path}/suspend`, { key, body: { reason: 'unpaid' } });
  await rig.call('POST', `${path}/resume`, { key, body: {} });
  await rig.call('POST', `${path}/close`, { key, body: { reason: 'fraud' } });
  await rig.call('POST', `${path}/reopen`, { key, body: {} });
  const { json } = await rig.call('GET', '/v1/audit', { key: other.key });
  const rows = json['items'] as { action: string; actor: string; after: object }[];
  const whoami = await rig.call('GET', '/v1/whoami', { key });
  const { id } = whoami.json['actor'] as { id: string };
  expect(rows.map(({ action, actor }) => [action, actor])).toEqual(
    ['reopen', 'close', 'resume', 'suspend']
      .map((verb) => [`organizations.${verb}`, id])
      .concat([['grants.create', id]]),
  );
  expect(rows.map(({ after }) => after)).toMatchObject([
    { status: 'active' },
    { status: 'closing', reason: 'fraud' },
    { status: 'active' },
    { status: 'suspended', reason: 'unpaid' },
    { role: 'viewer', reason: 'look' },
  ]);
});
