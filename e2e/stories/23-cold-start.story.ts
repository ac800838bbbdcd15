import { randomBytes } from 'node:crypto';
import { Api } from '../support/api.js';
import { exactSum } from '../support/exact.sum.js';
import type { Answer } from '../support/gateway.js';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

interface Cost {
  start: string;
  end: string;
  billedFrom?: string;
  lines: { item: string; quantity: string; amount: string }[];
}
interface Bill {
  items: { item: string; quantity: string; list: string }[];
}

/** What the program needs until it listens, and the least that a request of zero instances waits of it. */
const [STARTS_MS, WAITS_MS] = [5_000, 1_000];
/** No request that comes so much later than an answer of the first instance waited for it, by clocks that are not quite one. */
const SURELY_MS = 1_000;
const CALLS = 5;
/** A cluster that says nothing for so long is none that serves. */
const SILENT_MS = 30_000;
const SLOW = {
  'package.json': JSON.stringify({ name: 'slow', version: '1.0.0', scripts: { start: 'node server.js' } }),
  'server.js': `const server = require('node:http').createServer((_request, answer) => answer.end('late'));
    setTimeout(() => server.listen(process.env.PORT), ${STARTS_MS});`,
};

/** Each request to the ms, and requests. */
const planOf = (id: string, coldStart: string): Record<string, unknown> => ({
  ...{ id, version: 1, name: 'By the ms', currency: 'USD', decimals: 2, coldStart, model: 'per_request' },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'time', name: 'Time', measure: 'request_time', quantum: '1 ms' },
      ...{ rate: '0.000001', per: '1 ms', unit: 'ms' },
    },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.001', per: '1', unit: 'request' },
  ],
});

describe('a cold start', () => {
  const tenants = new Map<string, Tenant>();
  const tenantOf = (coldStart: string): Tenant => tenants.get(coldStart) as Tenant;
  /** Requests that were made of each. */
  const sent = new Map<Tenant, number>();
  const call = async (tenant: Tenant): Promise<{ answer: Answer; tookMs: number }> => {
    sent.set(tenant, (sent.get(tenant) ?? 0) + 1);
    const began = performance.now();
    const answer = await tenant.call('slow');
    return { answer, tookMs: performance.now() - began };
  };
  /** Answers that a first instance was started for: one on its way out, which counts no more, may still answer. */
  const coldCalls = (tenant: Tenant): Promise<Answer[]> =>
    until('a cold start', 240_000, async () => {
      const revisions = await tenant.revisions('slow');
      if (!revisions.every(({ status }) => status.instances === 0)) return false;
      const calls = await Promise.all(Array.from({ length: CALLS }, () => call(tenant)));
      return calls.every(({ tookMs }) => tookMs > WAITS_MS) && calls.map(({ answer }) => answer);
    });

  beforeAll(async () => {
    for (const coldStart of ['free', 'billed']) {
      const tenant = await Tenant.create(`cold-${coldStart}`);
      tenants.set(coldStart, tenant);
      const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
      const plan = `cold-${coldStart}-${randomBytes(4).toString('hex')}`;
      await operator.ok('POST', '/v1/price-plans', { document: planOf(plan, coldStart) });
      await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
      await tenant.mustDeploy('slow', { source: SLOW });
    }
  });

  it('the clock of each cluster is compared with the hub', async () => {
    const { platform } = tenantOf('free');
    const operator = new Api(platform.apiUrl, platform.operatorKey);
    await until('clocks are measured', 120_000, async () => {
      const { items } = await operator.ok<{ items: { lastSeenAt?: string; clockOffsetMs?: number }[] }>(
        'GET',
        '/v1/clusters',
      );
      const live = items.filter(({ lastSeenAt = '' }) => Date.now() - Date.parse(lastSeenAt) < SILENT_MS);
      return live.length > 0 && live.every(({ clockOffsetMs: ms = 1_000 }) => Math.abs(ms) < 1_000);
    });
  }, 150_000);

  it.each(['free', 'billed'])(
    'costs what the price plan says: %s',
    async (coldStart) => {
      const tenant = tenantOf(coldStart);
      const answers = await coldCalls(tenant);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      const answeredAt = performance.now();
      await until('surely warm', 10_000, () => Promise.resolve(performance.now() > answeredAt + SURELY_MS));
      const { answer: warm } = await call(tenant);
      const ids = [...answers, warm].map(({ headers }) => String(headers['x-request-id']));
      const costs = await until('all that waited is known', 60_000, async () => {
        const all = await Promise.all(
          ids.map((id) => tenant.api.request<Cost>('GET', `/v1/bill/requests/${id}`)),
        );
        const said = all.map(({ body }) => body);
        const known = coldStart === 'billed' || said.slice(0, CALLS).every((one) => one.billedFrom);
        return all.every(({ status }) => status === 200) && known && said;
      });
      const times = costs.map((cost) => {
        const [from, to, ready] = [cost.start, cost.end, cost.billedFrom ?? cost.start].map((at) =>
          Date.parse(at),
        ) as [number, number, number];
        const billed = cost.lines.find(({ item }) => item === 'time')?.quantity;
        // to the ms, and never nothing
        expect(billed).toBe(String(to - ready));
        return { lasted: to - from, waited: ready - from, billed: to - ready };
      });
      for (const { lasted, waited } of times.slice(0, CALLS)) {
        expect(lasted).toBeGreaterThan(WAITS_MS);
        if (coldStart === 'free') expect(waited).toBeGreaterThan(WAITS_MS);
        else expect(waited).toBe(0);
      }
      expect(times.at(-1)?.waited).toBeLessThan(WAITS_MS);
      console.log(
        `cold start ${coldStart} (N ${CALLS}): lasted, billed ms: ${times.map((one) => `${one.lasted} ${one.billed}`).join(', ')}; the last one was warm`,
      );
    },
    300_000,
  );

  it('the requests are the bill, that is counted again to the same bytes, and the command line names what was left out', async () => {
    for (const [tenant, requestsSent] of sent)
      await until('the bill is its requests', 60_000, async () => {
        const { items } = await tenant.api.ok<Bill>('GET', '/v1/bill');
        const [time, requests] = ['time', 'requests'].map((id) => items.find(({ item }) => item === id));
        const { equal } = await tenant.api.ok<{ equal: boolean }>('GET', '/v1/bill/replay');
        if (!equal || requests?.quantity !== String(requestsSent)) return false;
        const { code, stdout, stderr } = await tow(tenant, 'bill', 'explain', 'time', '--json');
        if (code !== 0) throw new Error(stderr);
        const { windows } = JSON.parse(stdout) as { windows: { amount: string }[] };
        return exactSum(windows) === time?.list;
      });
  }, 150_000);
});
