import { Api } from '../support/api.js';
import {
  capOf,
  expectSoon,
  isReached,
  resumed,
  setCap,
  settled,
  spend,
  type CapJson,
  type Spree,
} from '../support/caps.js';
import { Faults } from '../support/faults.js';
import type { Answer } from '../support/gateway.js';
import { HubInside } from '../support/hub.inside.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

/** What an organization is billed by: the other rates and the other model of request time, too. */
const PLANS = {
  // Each request alone, each 100 ms of its 512 MiB.
  'memory-ticks': { block: 0.000000825, request: 0, concurrency: 80 },
  // Blocks of instances that hold one request each, and so much for each request.
  builtin: { block: 0.000002525, request: 0.0000004, concurrency: 1 },
};
type Plan = keyof typeof PLANS;
/** A timeout of 1 s, and a moment. */
const most = (plan: Plan): number => 30 * PLANS[plan].block + PLANS[plan].request;
/** With less than so many requests at their worst left, Envoy is given no permits: the cap is near. */
const NEAR = 128;
/** How much is left in the beginning: one block, or so many requests at their worst. */
const STARTS: [plan: Plan, start: string, requests: number][] = [
  ['memory-ticks', 'at the threshold', NEAR],
  ['memory-ticks', 'one block left', 0],
  ['memory-ticks', 'far', 3 * NEAR],
  ['builtin', 'near', 24],
];
/** Asked at two gateways in all starts together. */
const REQUESTS = 10_000;
/** The last two are beyond the timeout. */
const LENGTHS_MS = [50, 450, 50, 120, 950, 50, 1_500, 50, 250, 2_500];
/** Each comes back a while after it was refused; they give up when they were so often, and as many were asked as should be. */
const CALLERS = { callers: 28, refusals: 20, pauseMs: 200 };
const RAISES = 5;
/** Far from this cap, so many callers at each gateway, one request after the other, so many at a look. */
const FAR = { cap: '10', callers: 8, each: 60 };

interface Run {
  sprees: Spree[];
  after: CapJson;
  cap: number;
  /** How many requests the gateways were asked about by their Envoys. */
  questions: number;
}

describe('a cap at two gateways', () => {
  const tenants = new Map<Plan, Tenant>();
  let faults: Faults;
  let inside: HubInside;
  let calls = 0;
  const totals = { asked: 0, served: 0 };

  const call = (at: Tenant): Promise<Answer> => {
    calls += 1;
    return at.call('paid', `/sleep?ms=${LENGTHS_MS[calls % LENGTHS_MS.length]}`);
  };
  const questions = (): Promise<number> =>
    inside.metric('gatewayProcess', 'towpath_gateway_cap_questions_total');
  const tenantOf = (plan: Plan): Tenant => tenants.get(plan) as Tenant;

  /** Sets the cap so far above what was spent, and spends until no request can be paid for; billing dies meanwhile. */
  const run = async (plan: Plan, above: number, least: number): Promise<Run> => {
    const tenant = tenantOf(plan);
    const gateways = [tenant, tenant.bySecond];
    const { spent: former } = await capOf(tenant);
    const amount = (Number(former) + above).toFixed(12);
    await setCap(tenant, amount);
    const questionsBefore = await questions();
    const first = spend(gateways, call, { ...CALLERS, least });
    const spent = async (): Promise<number> => Number((await capOf(tenant)).spent) - Number(former);
    if (above > most(plan))
      await until('a tenth to be spent', 30_000, async () => (await spent()) > above / 10);
    await Promise.all([faults.kill('billing'), faults.kill('billing-2')]);
    const sprees = [await first];
    let after = await settled(tenant);
    while (Number(amount) - Number(after.spent) >= most(plan)) {
      sprees.push(await spend(gateways, call, CALLERS));
      after = await settled(tenant);
    }
    return { sprees, after, cap: Number(amount), questions: (await questions()) - questionsBefore };
  };
  const callOn = async (at: Tenant): Promise<void> => {
    for (let n = 0; n < FAR.each; n += 1)
      expect((await at.call('paid', '/sleep?ms=50')).status).not.toBe(402);
  };
  const sum = (sprees: Spree[], one: (spree: Spree) => number): number =>
    sprees.reduce((all, spree) => all + one(spree), 0);
  const began = Date.now();

  beforeAll(async () => {
    for (const [plan, { concurrency }] of Object.entries(PLANS)) {
      const tenant = await Tenant.create('capped');
      tenants.set(plan as Plan, tenant);
      const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
      await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
      // before anything is served: what ran before the first cap is not kept to it
      await setCap(tenant, '1');
      const template = { timeoutSeconds: 1, concurrency, maxInstances: 4 };
      await tenant.mustDeploy('paid', { template, service: { minInstances: 2 } });
    }
    faults = new Faults(tenantOf('builtin').platform);
    inside = await HubInside.open(tenantOf('builtin').platform, faults);
  }, 300_000);
  afterAll(() => inside.close());

  it.each(STARTS)(
    'by plan %s, %s: is not passed while billing dies, and is used',
    async (plan, start, requests) => {
      const above = requests === 0 ? PLANS[plan].block : requests * most(plan);
      const isFar = requests > NEAR;
      // the second plan is what is left of all
      const least = plan === 'builtin' ? Math.max(0, REQUESTS - totals.asked) : 0;
      const { sprees, questions: asked, after, cap } = await run(plan, above, least);
      const served = sum(sprees, (one) => one.served);
      const all = sum(sprees, (one) => one.asked);
      totals.asked += all;
      totals.served += served;
      const others = sprees.map(({ other }) => JSON.stringify(other)).join(' ');
      console.log(
        `${plan}, ${start}: ${all} requests, ${served} served, others ${others}, ${asked} asked about; ${after.spent} of ${cap} spent; ${Date.now() - began} ms`,
      );
      expect(Number(after.spent)).toBeLessThanOrEqual(cap);
      // one block pays for no request at its worst: of the cap it is next to nothing
      expect(cap - Number(after.spent)).toBeLessThan(0.05 * (requests === 0 ? cap : above));
      if (requests === 0) expect(served).toBe(0);
      if (isFar) expect(asked).toBeLessThan(all);
    },
    300_000,
  );

  it('lets in again within 1 s of being raised, the same revision', async () => {
    const tenant = tenantOf('memory-ticks');
    const gateways = [tenant, tenant.bySecond];
    const before = (await tenant.revisions('paid')).map(({ name }) => name);
    const tookMs: number[] = [];
    for (let raise = 0; raise < RAISES; raise += 1) {
      await until('refused at both', 30_000, async () =>
        (await Promise.all(gateways.map(call))).every(isReached),
      );
      const { spent } = await capOf(tenant);
      await setCap(tenant, (Number(spent) + 4 * most('memory-ticks')).toFixed(12));
      const raised = performance.now();
      tookMs.push(...(await Promise.all(gateways.map((at) => resumed(call, at, raised)))));
    }
    expect((await tenant.revisions('paid')).map(({ name }) => name)).toEqual(before);
    expectSoon('the cap was raised', tookMs);
  }, 300_000);

  it('is not asked about far from it, however many requests there are', async () => {
    const tenant = tenantOf('memory-ticks');
    await setCap(tenant, FAR.cap);
    const looks: number[] = [];
    // permits grow until one lasts longer than it takes to give the next
    await until('requests that were not asked about', 120_000, async () => {
      const before = await questions();
      await Promise.all(
        [tenant, tenant.bySecond].flatMap((at) => Array.from({ length: FAR.callers }, () => callOn(at))),
      );
      looks.push((await questions()) - before);
      return looks.at(-1) === 0;
    });
    const together = 2 * FAR.callers * FAR.each;
    console.log(`far from the cap, of ${together} requests at a look ${looks.join(', ')} were asked about`);
  }, 150_000);

  it('all in all', () => {
    console.log(
      `${totals.asked} requests at two gateways, billing killed ${2 * STARTS.length} times: ${totals.served} served`,
    );
    expect(totals.asked).toBeGreaterThanOrEqual(REQUESTS);
  });
});
