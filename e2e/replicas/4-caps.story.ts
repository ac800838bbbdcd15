import { capOf, setCap, settled, spend, spendAll, type Spree } from '../support/caps.js';
import { Faults } from '../support/faults.js';
import type { Answer } from '../support/gateway.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

/** A request of 250 ms costs at least 3 blocks of 0.000002525 and 0.0000004 more; at its worst (1 s and a moment) 30. */
const CAP = '0.004';
const call = (at: Tenant): Promise<Answer> => at.call('paid', '/sleep?ms=250');

describe('a cap at two gateways', () => {
  it('is not passed while billing dies, and its rest is used afterwards', async () => {
    const tenant = await Tenant.create('capped');
    const gateways = [tenant, tenant.bySecond];
    const faults = new Faults(tenant.platform);
    const template = { timeoutSeconds: 1, concurrency: 1, maxInstances: 4 };
    await tenant.mustDeploy('paid', { template });
    await setCap(tenant, CAP);
    await until('the first request is let in', 10_000, async () => (await call(tenant)).status === 200);
    const during = spend(gateways, call, { callers: 4, refusals: 20 });
    await Promise.all([faults.kill('billing'), faults.kill('billing-2')]);
    const sprees: Spree[] = [await during];
    await settled(tenant);
    sprees.push(...(await spendAll(gateways, call, 4)));
    const { spent } = await capOf(tenant);
    const asked = sprees.reduce((sum, one) => sum + one.asked, 0);
    const served = sprees.reduce((sum, one) => sum + one.served, 0);
    console.log(
      `${asked} requests at two gateways, billing killed twice: ${served} served, ${spent} of ${CAP} spent`,
    );
    expect(Number(spent)).toBeLessThanOrEqual(Number(CAP));
    expect(Number(spent)).toBeGreaterThanOrEqual(0.95 * Number(CAP));
  }, 600_000);
});
