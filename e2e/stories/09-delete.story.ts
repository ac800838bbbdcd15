import { randomUUID } from 'node:crypto';
import { filesNaming, processesMarked } from '../support/processes.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

describe('delete leaves nothing behind', () => {
  it('removes instances, routes and the service', async () => {
    const tenant = await Tenant.create('delete');
    const mark = randomUUID();
    await tenant.mustDeploy('probe', {
      service: { minInstances: 1 },
      template: { env: [{ name: 'MARK', value: mark }] },
    });
    await tenant.api.change('PUT', tenant.at('probe', '/traffic'), {
      traffic: [{ revision: 'latest', percent: 100, tag: 'stable' }],
    });
    expect((await tenant.call('probe', '/env?name=MARK')).json().value).toBe(mark);
    expect((await tenant.call('probe', '/', { tag: 'stable' })).status).toBe(200);
    expect(processesMarked(mark)).not.toEqual([]);

    const operation = await tenant.api.change('DELETE', tenant.at('probe'));
    expect(operation).toMatchObject({ status: 'succeeded', kind: 'delete' });

    expect(processesMarked(mark)).toEqual([]);
    expect((await tenant.call('probe')).status).toBe(404);
    expect((await tenant.call('probe', '/', { tag: 'stable' })).status).toBe(404);
    expect((await tenant.api.request('GET', tenant.at('probe'))).status).toBe(404);
    await until('no file of the service is left', 30_000, () =>
      Promise.resolve(filesNaming(tenant.platform.dataDir, mark, ['agent']).length === 0),
    );
    // The name is free again, and what comes next starts at revision 1.
    const again = await tenant.mustDeploy('probe');
    expect(again.latestReadyRevision).toBe('probe-00001');
  });
});
