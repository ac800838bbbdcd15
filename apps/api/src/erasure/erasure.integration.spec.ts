import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('platform', true);
}, 60_000);
afterAll(() => rig.stop());

const at = (tenant: RigTenant, what: string): string => `/v1/organizations/${tenant.organizationId}/${what}`;
const post = (tenant: RigTenant, verb: string, key: string, body: object = {}): Promise<RigAnswer> =>
  rig.call('POST', at(tenant, verb), { key, body });

describe('erasing an organization', () => {
  it('is an operator’s, with a reason, of a closing one; then nobody can come in or reopen it', async () => {
    const tenant = await rig.tenant('ending');
    const reason = { reason: 'asked by letter of 2 November' };
    expect((await post(tenant, 'erase', operator.key, reason)).json).toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    await post(tenant, 'close', tenant.key);
    expect((await post(tenant, 'erase', tenant.key, reason)).status).toBe(403);
    expect((await post(tenant, 'erase', operator.key)).json).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await rig.call('GET', at(tenant, 'erasure'), { key: operator.key })).status).toBe(404);
    const made = await post(tenant, 'erase', operator.key, reason);
    expect([made.status, made.json]).toMatchObject([
      202,
      {
        organization: tenant.organizationId,
        ...reason,
        stores: [],
        steps: [{ name: 'services', status: 'pending' }, {}, {}, {}],
      },
    ]);
    expect(made.json['requestedBy']).toMatch(/^key_/);
    expect((await post(tenant, 'erase', operator.key, { reason: 'again' })).json).toEqual(made.json);
    expect((await rig.call('GET', at(tenant, 'erasure'), { key: operator.key })).json).toEqual(made.json);
    expect((await post(tenant, 'reopen', operator.key)).json).toMatchObject({ code: 'FAILED_PRECONDITION' });
    const rows = await rig.database.query(
      `SELECT action, after FROM audit_rows WHERE organization_id = $1 AND action = 'organizations.erase'`,
      [tenant.organizationId],
    );
    expect(rows).toEqual([{ action: 'organizations.erase', after: reason }]);
  });
});
