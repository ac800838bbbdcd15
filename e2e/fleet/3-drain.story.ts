import { Api, type Problem } from '../support/api.js';
import type { ClusterJson } from '../support/faces.js';
import { Lanes, WHERE_SOURCE } from '../support/lanes.js';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

const SERVICES = ['one', 'two', 'three', 'four', 'five'];

describe('draining a cluster', () => {
  it('moves every service under load without a failed request, tells what waits and why; then it can be removed', async () => {
    const tenant = await Tenant.create('drain');
    const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    const asOperator = Object.assign(Object.create(tenant) as Tenant, { api: operator });
    for (const service of SERVICES)
      await tenant.mustDeploy(service, { source: WHERE_SOURCE, service: { regions: ['local-4'] } });
    await tenant.mustDeploy('stays', { source: WHERE_SOURCE, service: { regions: ['local-4'] } });
    // wherever there is room: they stay where they are, until somebody moves them
    for (const service of SERVICES)
      expect((await tenant.api.change('PATCH', tenant.at(service), { regions: null })).status).toBe(
        'succeeded',
      );
    const lanes = new Lanes(tenant);
    for (const service of SERVICES) for (const method of ['GET', 'POST']) lanes.add(service, method, 200);
    await until('load on all', 60_000, async () =>
      Promise.resolve(SERVICES.every((service) => lanes.clustersSince(0, service).has('agent-4'))),
    );
    const early = await operator.request<Problem>('DELETE', '/v1/clusters/local-4');
    expect([early.status, early.body.code]).toEqual([409, 'FAILED_PRECONDITION']);
    const began = Date.now();
    await operator.ok('POST', '/v1/clusters/local-4/drain', {});
    const stays = (await tenant.service('stays')).id;
    const look = (): Promise<ClusterJson> => operator.ok('GET', '/v1/clusters/local-4');
    await until('only one is left', 120_000, async () => {
      const { drain } = await look();
      return drain?.left === 1 && drain.waiting?.[0]?.service === stays && drain.waiting[0].reason;
    });
    expect((await look()).drain?.waiting).toEqual([
      { service: stays, reason: 'an operator drains it, and no other cluster fits' },
    ]);
    const movedMs = Date.now() - began;
    const still = await operator.request<Problem>('DELETE', '/v1/clusters/local-4');
    expect(still.body.detail).toContain('still holds 1 service.');
    await tenant.api.change('PATCH', tenant.at('stays'), { regions: null });
    const { code, stdout, stderr } = await tow(asOperator, 'clusters', 'drain', 'local-4');
    expect([code, stdout]).toEqual([0, expect.stringContaining('local-4') as string]);
    expect(stderr).toMatch(/6 of 6 moved, 0 left/);
    const after = Date.now();
    await until('load elsewhere', 60_000, async () =>
      Promise.resolve(SERVICES.every((service) => lanes.clustersSince(after, service).size > 0)),
    );
    await lanes.stop();
    expect(lanes.failed).toEqual([]);
    for (const service of SERVICES)
      expect([...lanes.clustersSince(after, service).keys()]).not.toContain('agent-4');
    expect((await tow(asOperator, 'clusters', 'remove', 'local-4')).code).toBe(0);
    expect((await operator.request('GET', '/v1/clusters/local-4')).status).toBe(404);
    console.log(
      `6 services left a cluster (5 of them in ${movedMs} ms): ${lanes.requests.length} requests, 0 failed`,
    );
  }, 300_000);
});
