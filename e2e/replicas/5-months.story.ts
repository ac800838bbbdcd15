import { capOf, expectSoon, isReached, resumed, setCap, settled } from '../support/caps.js';
import { Faults } from '../support/faults.js';
import type { Answer } from '../support/gateway.js';
import { HubInside } from '../support/hub.inside.js';
import { MOVED_TIME_PATH, makeHubTime } from '../support/hub.time.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

const TENANTS = 5;
/** The built-in plan, one request at a time, a timeout of 1 s and a moment. */
const MOST = 30 * 0.000002525 + 0.0000004;
const SPENT = 3 * MOST;
const BILLINGS = ['billing', 'billing-2'] as const;
/** How long before the month's end billing starts anew; the next one where the machine was slower than that. */
const LEADS_MS = [8_000, 30_000, 90_000];

describe('a cap that is reached', () => {
  const tenants: Tenant[] = [];
  let faults: Faults;
  let inside: HubInside;
  let movedMs = 0;

  const call = (at: Tenant): Promise<Answer> => at.call('paid', '/sleep?ms=50');
  const everywhere = (): Tenant[] => tenants.flatMap((tenant) => [tenant, tenant.bySecond]);
  const areRefused = async (): Promise<boolean> =>
    (await Promise.all(everywhere().map(call))).every(isReached);
  const move = (ms: number): Promise<unknown> => {
    movedMs = ms;
    return inside.query('UPDATE hub_time.moved SET ms = $1', [ms]);
  };
  const hubNow = (): number => Date.now() + movedMs;
  const restart = async (env: Record<string, string>): Promise<void> => {
    await Promise.all(BILLINGS.map((name) => faults.restartWith(name, { env })));
    await Promise.all(BILLINGS.map((name) => faults.serves(name)));
  };

  beforeAll(async () => {
    const template = { timeoutSeconds: 1, concurrency: 1, maxInstances: 1 };
    for (let n = 0; n < TENANTS; n += 1) {
      const tenant = await Tenant.create('months');
      tenants.push(tenant);
      // so near that no leases are given
      await setCap(tenant, (3 * SPENT).toFixed(12));
      await tenant.mustDeploy('paid', { template });
    }
    const [{ platform }] = tenants as [Tenant, ...Tenant[]];
    faults = new Faults(platform);
    inside = await HubInside.open(platform, faults);
    await makeHubTime((sql, values) => inside.query(sql, values), 0);
  }, 300_000);

  /** As when they had let go of what they held until next month. */
  afterAll(async () => {
    await move(0);
    await restart({});
    const ahead = `expires_at > clock_timestamp() + interval '1 hour'`;
    await inside.query(`DELETE FROM lease_holders WHERE ${ahead}`);
    await inside.query(`UPDATE leases SET expires_at = 'epoch' WHERE ${ahead}`);
    await inside.query('DROP SCHEMA hub_time CASCADE');
    await faults.allWell();
    await inside.close();
  }, 200_000);

  it('lets in again within 1 s of the next month, the same revision', async () => {
    await Promise.all(tenants.map(use));
    const endsAt = await monthsEnd();
    const beginsAt = performance.now() + endsAt - hubNow();
    const letInMs: number[] = [];
    const noted = async (at: Tenant): Promise<Answer> => {
      const answer = await call(at);
      if (answer.status !== 402) letInMs.push(performance.now() - beginsAt);
      return answer;
    };
    const tookMs = await Promise.all(everywhere().map((at) => resumed(noted, at, beginsAt)));
    expectSoon('the month began', tookMs);
    expect(Math.min(...letInMs)).toBeGreaterThan(0);
    for (const tenant of tenants) {
      expect((await tenant.revisions('paid')).map(({ name }) => name)).toEqual(['paid-00001']);
      expect(Number((await capOf(tenant)).amount)).toBeLessThan(3 * SPENT);
    }
  }, 300_000);

  /** Nothing more can be paid for, and next month's first requests at both gateways could be. */
  async function use(tenant: Tenant): Promise<void> {
    await until('enough to be spent', 120_000, async () => {
      await tenant.call('paid', '/sleep?ms=900');
      return Number((await capOf(tenant)).spent) > SPENT;
    });
    const { spent } = await settled(tenant);
    await setCap(tenant, (Number(spent) + MOST / 2).toFixed(12));
  }

  /** Billing's time is shortly before the month's end, and all caps are reached. */
  async function monthsEnd(): Promise<number> {
    const now = new Date();
    const endsAt = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
    for (const leadMs of LEADS_MS) {
      await move(endsAt - leadMs - Date.now());
      await restart({ PGOPTIONS: `-c search_path=${MOVED_TIME_PATH}` });
      await until('refused everywhere', 60_000, async () => hubNow() >= endsAt || (await areRefused()));
      if (hubNow() < endsAt) return endsAt;
    }
    throw new Error('billing did not start in time');
  }
});
