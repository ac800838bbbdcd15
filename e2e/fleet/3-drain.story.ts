import { emptyAndRemove } from '../support/emptying.js';
import { Tenant } from '../support/tenant.js';

const SERVICES = ['one', 'two', 'three', 'four', 'five'];

describe('draining a cluster', () => {
  it('moves every service under load without a failed request, tells what waits and why; then it can be removed', async () => {
    const tenant = await Tenant.create('drain');
    const emptying = { cluster: 'local-4', answersAs: 'agent-4', services: SERVICES };
    console.log(await emptyAndRemove(tenant, emptying));
  }, 300_000);
});
