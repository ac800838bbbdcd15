import { Lanes, WHERE_SOURCE, isAskedAtBoth, wasInFlight } from '../support/lanes.js';
import { childrenOf, signal } from '../support/processes.js';
import { Tenant, sum } from '../support/tenant.js';
import { until } from '../support/until.js';

/** Within this time no request meets the lost cluster any more. */
const MOVED_MS = 10_000;
const LOST_MS = 15_000;
/** A gateway takes a route over, and asks its doors for the first time. */
const SETTLE_MS = 3_000;

describe('a service in two regions', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('regions');
  });

  it('answers from both when both are as near; the loss of one moves its requests, its return brings them back', async () => {
    await tenant.mustDeploy('wide', { source: WHERE_SOURCE, service: { regions: ['local-2', 'local-3'] } });
    await through('wide', ['agent-2', 'agent-3'], 'agent-2', ['agent-3'], 'SIGSTOP');
  }, 240_000);

  it('answers from the gateway’s own region, and from the other one while that is lost', async () => {
    await tenant.mustDeploy('near', { source: WHERE_SOURCE, service: { regions: ['local', 'local-2'] } });
    await through('near', ['agent'], 'agent', ['agent-2'], 'SIGKILL');
  }, 240_000);

  /** Under load: who answers before, who while one stands still, and before's again afterwards. */
  async function through(
    service: string,
    before: string[],
    lost: string,
    others: string[],
    how: 'SIGSTOP' | 'SIGKILL',
  ): Promise<void> {
    const lanes = new Lanes(tenant);
    for (let lane = 0; lane < 4; lane += 1) lanes.add(service, 'GET');
    for (let lane = 0; lane < 2; lane += 1) lanes.add(service, 'POST');
    // also the other one has to be there before it is needed
    await until('both doors', 60_000, async () => isAskedAtBoth(await tenant.service(service)));
    const began = Date.now();
    await until(`answers of ${before.join(' and ')}`, 60_000, async () => {
      await Promise.resolve();
      const since = Date.now() - SETTLE_MS;
      return since > began && [...lanes.clustersSince(since, service).keys()].sort().join() === before.join();
    });
    const lostAt = Date.now();
    await lose(tenant.platform.pids()[lost] ?? 0, how);
    const backAt = Date.now();
    await until(`${lost} answers again`, 60_000, async () =>
      Promise.resolve((lanes.clustersSince(backAt, service).get(lost) ?? 0) > 0),
    );
    const settled = Date.now() + SETTLE_MS;
    await until('calm', 30_000, async () =>
      Promise.resolve(lanes.requests.filter(({ began }) => began > settled).length >= 100),
    );
    await lanes.stop();
    // what was killed is started again within seconds; what stands still is away for as long as it does
    const away = lanes.requests.filter(({ began }) => began > lostAt + MOVED_MS && began < backAt);
    const awayFrom = new Set(away.map(({ cluster }) => cluster));
    expect([...awayFrom]).toEqual(how === 'SIGSTOP' ? others : []);
    const meanwhile = lanes.clustersSince(lostAt, service);
    for (const other of others) expect(meanwhile.get(other)).toBeGreaterThan(0);
    const failed = lanes.failedSince(lostAt);
    expect(failed.filter((one) => !wasInFlight(one, MOVED_MS))).toEqual([]);
    expect([...lanes.clustersSince(settled, service).keys()].sort()).toEqual(before);
    const good = lanes.requests.length - failed.length;
    const used = sum(await tenant.usageOf(service, good), 'requests');
    expect(Number(used)).toBeLessThanOrEqual(lanes.requests.length);
    const moved = Math.max(
      ...lanes.requests.filter(({ began }) => began < backAt).map(({ began, ended }) => ended - began),
    );
    console.log(
      `${service}: ${lanes.requests.length} requests, ${failed.length} failed (POST, in flight at the loss); the longest waited ${moved} ms; ${used} in usage`,
      failed,
    );
  }
});

/** Of the agent, which is the local runtime's ingress, and of its instances: they stand still for a while, or are killed. */
async function lose(pid: number, how: 'SIGSTOP' | 'SIGKILL'): Promise<void> {
  const pids = [pid, ...childrenOf(pid)];
  for (const one of pids) signal(one, how);
  if (how === 'SIGKILL') return;
  try {
    await new Promise((resolve) => setTimeout(resolve, LOST_MS));
  } finally {
    for (const one of pids) signal(one, 'SIGCONT');
  }
}
