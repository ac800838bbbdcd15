import { Tenant } from '../support/tenant.js';

describe('an environment change makes revision 2 of the same image; the old one is immutable', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('revisions');
    await tenant.mustDeploy('probe', { template: { env: [{ name: 'GREETING', value: 'one' }] } });
  });

  it('makes revision 2 with the same digest and serves it', async () => {
    const operation = await tenant.api.change('PATCH', tenant.at('probe'), {
      template: { env: [{ name: 'GREETING', value: 'two' }] },
    });
    expect(operation).toMatchObject({ status: 'succeeded' });
    const revisions = await tenant.revisions('probe');
    const [one, two] = [...revisions].sort((a, b) => a.number - b.number);
    expect([one?.name, two?.name]).toEqual(['probe-00001', 'probe-00002']);
    expect(two?.spec.imageDigest).toBe(one?.spec.imageDigest);
    expect(one?.spec.env).toEqual([{ name: 'GREETING', value: 'one' }]);
    const answer = (await tenant.call('probe')).json();
    expect(answer).toMatchObject({ greeting: 'two', revision: 'probe-00002', service: 'probe' });
  });

  it('makes no revision for a traffic-only change', async () => {
    const operation = await tenant.api.change('PUT', tenant.at('probe', '/traffic'), {
      traffic: [{ revision: 'probe-00001', percent: 100 }],
    });
    expect(operation.status).toBe('succeeded');
    expect(await tenant.revisions('probe')).toHaveLength(2);
    expect((await tenant.call('probe')).json()).toMatchObject({ greeting: 'one', revision: 'probe-00001' });
  });

  it('offers no way to change a revision', async () => {
    for (const method of ['PATCH', 'PUT', 'POST', 'DELETE']) {
      const answer = await tenant.api.request(method, tenant.at('probe', '/revisions/probe-00001'), {
        spec: {},
      });
      expect([404, 405]).toContain(answer.status);
    }
    const suffixed = await tenant.api.change('PATCH', tenant.at('probe'), {
      template: { revisionSuffix: 'blue', env: [{ name: 'GREETING', value: 'three' }] },
    });
    expect(suffixed.status).toBe('succeeded');
    expect((await tenant.revisions('probe')).map((revision) => revision.name)).toContain('probe-blue');
  });
});
