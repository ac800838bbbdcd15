import { Tenant } from '../support/tenant.js';

describe('concurrency and max instances', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('limits');
  });

  it('never gives one instance more than its concurrency', async () => {
    await tenant.mustDeploy('one', { template: { concurrency: 1, maxInstances: 3 } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => tenant.call('one', '/sleep?ms=60')));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 30 }, () => 200));
    const seen = answers.map((answer) => answer.json());
    expect(Math.max(...seen.map((answer) => answer.mostAtOnce))).toBe(1);
    expect(new Set(seen.map((answer) => answer.instance)).size).toBeLessThanOrEqual(3);
  });

  it('queues when all instances are busy, refuses what cannot wait with a reason, and loses nothing', async () => {
    await tenant.mustDeploy('full', { template: { concurrency: 1, maxInstances: 1, timeoutSeconds: 60 } });
    const answers = await Promise.all(
      Array.from({ length: 1_500 }, () => tenant.call('full', '/sleep?ms=5')),
    );
    const refused = answers.filter((answer) => answer.status === 503);
    const served = answers.filter((answer) => answer.status === 200);
    expect(served.length + refused.length).toBe(1_500);
    expect(served.length).toBeGreaterThan(100);
    // How many may wait is the runtime's: Knative's activator holds all of them.
    for (const answer of refused)
      expect(answer.json<{ message: string }>().message).toMatch(/queue|busy|full/i);
    expect((await tenant.call('full')).status).toBe(200);
    const rows = await tenant.usageOf('full', served.length + 1);
    expect(rows.reduce((total, row) => total + Number(row.requests), 0)).toBe(served.length + 1);
  });
});
