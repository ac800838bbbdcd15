import { until } from '#libs/testing';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('platform', true);
}, 60_000);
afterAll(() => rig.stop());

const turn = (
  verb: string,
  { organizationId }: RigTenant,
  key: string,
  body: object = {},
): Promise<RigAnswer> => rig.call('POST', `/v1/organizations/${organizationId}/${verb}`, { key, body });
const auditOf = async ({ key }: RigTenant): Promise<Record<string, unknown>[]> =>
  (await rig.call('GET', '/v1/audit?limit=100', { key })).json['items'] as Record<string, unknown>[];

describe('closing an organization', () => {
  it('by its owner: read and not written until an operator reopens it', async () => {
    const tenant = await rig.tenant('leaving');
    const project = await rig.project(tenant.key);
    expect((await turn('close', tenant, tenant.key, { version: '7' })).json['code']).toBe('VERSION_CONFLICT');
    const closed = await turn('close', tenant, tenant.key, { version: '1' });
    expect(closed.json).toMatchObject({ status: 'closing', statusReason: 'closed', version: '2' });
    expect(Date.parse(String(closed.json['holdUntil'])) - Date.now()).toBeGreaterThan(29 * 86_400_000);
    expect((await turn('close', tenant, tenant.key)).json).toEqual(closed.json);
    await until(
      async () =>
        (await rig.call('POST', '/v1/projects', { key: tenant.key, body: { name: 'x' } })).status === 409,
      {
        deadlineMs: 6_000,
        what: 'writes refused',
      },
    );
    expect((await turn('close', tenant, tenant.key)).json).toEqual(closed.json);
    expect((await rig.call('GET', `/v1/projects/${project.id}`, { key: tenant.key })).status).toBe(200);
    expect((await rig.call('GET', '/v1/bill', { key: tenant.key })).status).toBe(200);
    expect((await turn('resume', tenant, operator.key)).json['code']).toBe('FAILED_PRECONDITION');
    expect((await turn('reopen', tenant, tenant.key)).status).toBe(403);
    const open = await turn('reopen', tenant, operator.key);
    expect(open.json).toMatchObject({ status: 'active', version: '3' });
    expect(open.json).not.toHaveProperty('holdUntil');
    expect((await turn('reopen', tenant, operator.key)).json['code']).toBe('FAILED_PRECONDITION');
    const rows = (await auditOf(tenant)).map(({ action }) => action);
    expect(rows.filter((action) => action === 'organizations.close')).toHaveLength(1);
    expect(rows).toContain('organizations.reopen');
  }, 30_000);

  it('by an operator, also of a suspended one; not again after the hold', async () => {
    const tenant = await rig.tenant('unpaid');
    expect((await turn('suspend', tenant, operator.key, { reason: 'unpaid' })).status).toBe(200);
    const closed = await turn('close', tenant, operator.key, { reason: 'unpaid since May' });
    expect(closed.json).toMatchObject({ status: 'closing', statusReason: 'unpaid since May' });
    await rig.database.query(`UPDATE organizations SET hold_until = now() WHERE id = $1`, [
      tenant.organizationId,
    ]);
    expect((await turn('reopen', tenant, operator.key)).json['code']).toBe('FAILED_PRECONDITION');
  });

  it('is for owners and operators, of what they reach', async () => {
    const [tenant, other] = [await rig.tenant(), await rig.tenant()];
    expect((await turn('close', tenant, await rig.key(tenant.key, 'admin'))).status).toBe(403);
    expect((await turn('close', other, tenant.key)).status).toBe(404);
    const own = await turn('close', operator, operator.key);
    expect(own.json).toMatchObject({ code: 'FAILED_PRECONDITION' });
    const plain = await rig.key(operator.key, 'owner');
    expect((await turn('close', operator, plain)).json).toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});
