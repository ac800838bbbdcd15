import { Tenant, sum } from '../support/tenant.js';
import { until } from '../support/until.js';

describe('scale to zero and back', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('zero');
    await tenant.mustDeploy('probe');
    await tenant.mustDeploy('single', { template: { concurrency: 1, maxInstances: 1 } });
  });

  it('goes to zero when idle', async () => {
    await atZero('probe');
  });

  it('answers 100 simultaneous first requests after one cold start', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => tenant.call('probe', '/sleep?ms=50')),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 100 }, () => 200));
    await tenant.usageOf('probe', 100);
  });

  it('bills nothing while idle', async () => {
    await atZero('probe');
    const before = await tenant.usageOf('probe', 100);
    await tenant.mustDeploy('witness');
    await tenant.call('witness');
    // What the witness's later request needed to reach the bill, an idle service's would have needed too.
    await tenant.usageOf('witness', 1);
    expect(await tenant.usage('probe')).toEqual(before);
  });

  it('does not bill waiting beyond what could run', async () => {
    // The deploy's own start has run; from here 20 requests share one instance that serves one at a time.
    await tenant.call('single', '/');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => tenant.call('single', '/sleep?ms=100')),
    );
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    const rows = await tenant.usageOf('single', 21);
    const seenTogether = sum(rows, 'perRequestUnits');
    const blocks = sum(rows, 'blocks');
    // 20 x 100 ms one after the other: waiting is in perRequestUnits (about 210), never in blocks.
    expect(blocks).toBeGreaterThanOrEqual(20n);
    expect(blocks).toBeLessThan(seenTogether / 2n);
  });

  function atZero(service: string): Promise<boolean> {
    return until(`${service} at zero instances`, 120_000, async () => {
      const revisions = await tenant.revisions(service);
      return revisions.every((revision) => revision.status.instances === 0);
    });
  }
});
