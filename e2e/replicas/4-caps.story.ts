import { Api } from '../support/api.js';
import { capOf, setCap, settled, spend, type CapJson, type Spree } from '../support/caps.js';
import { Faults } from '../support/faults.js';
import type { Answer } from '../support/gateway.js';
import { HubInside } from '../support/hub.inside.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

/** Each request alone, each 100 ms of its 512 MiB. */
const PLAN = 'memory-ticks';
const BLOCK = 0.000000825;
/** A timeout of 1 s, and a moment. */
const MOST = 30 * BLOCK;
/** With less than so many requests at their worst left, Envoy is given no leases: the cap is near. */
const NEAR = 128 * MOST;
/** How much is left in the beginning. */
const STARTS: [start: string, above: number][] = [
  ['one block left', BLOCK],
  ['at the threshold', NEAR],
  ['far', 3 * NEAR],
];
/** The last two are beyond the timeout. */
const LENGTHS_MS = [50, 450, 50, 120, 950, 50, 1_500, 50, 250, 2_500];
/** Each comes back a while after it was refused; they give up when they were so often. */
const CALLERS = { callers: 28, refusals: 30, pauseMs: 200 };

interface Run {
  sprees: Spree[];
  after: CapJson;
  cap: number;
  /** How many requests the gateways were asked about by their Envoys. */
  questions: number;
}

describe('a cap at two gateways', () => {
  let tenant: Tenant;
  let gateways: Tenant[];
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

  /** Sets the cap so far above what was spent, and spends until no request can be paid for; billing dies meanwhile. */
  const run = async (above: number): Promise<Run> => {
    const { spent: former } = await capOf(tenant);
    const amount = (Number(former) + above).toFixed(12);
    await setCap(tenant, amount);
    const questionsBefore = await questions();
    const first = spend(gateways, call, CALLERS);
    const spent = async (): Promise<number> => Number((await capOf(tenant)).spent) - Number(former);
    if (above > BLOCK) await until('a tenth to be spent', 30_000, async () => (await spent()) > above / 10);
    await Promise.all([faults.kill('billing'), faults.kill('billing-2')]);
    const sprees = [await first];
    let after = await settled(tenant);
    while (Number(amount) - Number(after.spent) >= MOST) {
      sprees.push(await spend(gateways, call, CALLERS));
      after = await settled(tenant);
    }
    return { sprees, after, cap: Number(amount), questions: (await questions()) - questionsBefore };
  };
  const sum = (sprees: Spree[], one: (spree: Spree) => number): number =>
    sprees.reduce((all, spree) => all + one(spree), 0);
  const began = Date.now();

  beforeAll(async () => {
    tenant = await Tenant.create('capped');
    gateways = [tenant, tenant.bySecond];
    faults = new Faults(tenant.platform);
    inside = await HubInside.open(tenant.platform, faults);
    const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan: PLAN });
    // before anything is served: what ran before the first cap is not kept to it
    await setCap(tenant, '1');
    const template = { timeoutSeconds: 1, concurrency: 80, maxInstances: 4 };
    await tenant.mustDeploy('paid', { template, service: { minInstances: 2 } });
  }, 300_000);
  afterAll(() => inside.close());

  it.each(STARTS)(
    '%s: is not passed while billing dies, and is used',
    async (start, above) => {
      const { sprees, questions: asked, after, cap } = await run(above);
      const served = sum(sprees, (one) => one.served);
      const all = sum(sprees, (one) => one.asked);
      totals.asked += all;
      totals.served += served;
      const others = sprees.map(({ other }) => JSON.stringify(other)).join(' ');
      console.log(
        `${start}: ${all} requests, ${served} served, others ${others}, ${asked} asked about; ${after.spent} of ${cap} spent; ${Date.now() - began} ms`,
      );
      expect(Number(after.spent)).toBeLessThanOrEqual(cap);
      expect(cap - Number(after.spent)).toBeLessThan(above === BLOCK ? 2 * BLOCK : 0.05 * above);
      if (above > NEAR) expect(asked).toBeLessThan(all);
    },
    300_000,
  );

  it('all in all', () => {
    console.log(
      `${totals.asked} requests at two gateways, billing killed ${2 * STARTS.length} times: ${totals.served} served`,
    );
    expect(totals.asked).toBeGreaterThan(5_000);
  });
});
