import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

interface Budget {
  id: string;
  state?: { spent: string; month: string };
}
interface Notice {
  id: string;
  type: string;
  data: { budgetId: string; percent: number; on: string; spent: string };
}

/** Below what one request costs. */
const LEAST = '0.000000000001';

describe('budgets', () => {
  let tenant: Tenant;
  let server: Server;
  const received: { headers: IncomingMessage['headers']; body: string }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        received.push({ headers: request.headers, body });
        // the first attempt fails; the second comes after some seconds
        response.writeHead(received.length === 1 ? 500 : 204).end();
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    tenant = await Tenant.create('budgets');
    await tenant.mustDeploy('paid');
    await tenant.mustDeploy('free');
  }, 120_000);
  afterAll(() => server.close());

  const notices = async (): Promise<Notice[]> =>
    (await tenant.api.ok<{ items: Notice[] }>('GET', '/v1/notices')).items;

  it('tell what was spent, and each threshold once, in a signed message too', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const hook = await tenant.api.ok<{ id: string; secret: string }>('POST', '/v1/webhooks', { url });
    const thresholds = [{ percent: 100, on: 'actual' }];
    const make = (service: string): Promise<Budget> =>
      tenant.api.ok('POST', '/v1/budgets', { amount: LEAST, project: tenant.project, service, thresholds });
    const [paid, free] = [await make('paid'), await make('free')];
    expect((await tenant.call('paid')).status).toBe(200);
    const [notice] = await until('a notice', 30_000, async () => {
      const found = await notices();
      return found.length > 0 ? found : undefined;
    });
    expect(notice).toMatchObject({
      type: 'budget.threshold',
      data: { budgetId: paid.id, percent: 100, on: 'actual' },
    });
    const state = async ({ id }: Budget): Promise<string | undefined> =>
      (await tenant.api.ok<Budget>('GET', `/v1/budgets/${id}`)).state?.spent;
    expect(await state(paid)).toBe(notice?.data.spent);
    expect(await state(free)).toBe('0');

    await until('the second attempt', 30_000, () => Promise.resolve(received.length >= 2));
    const [first, second] = received;
    expect(second?.headers['webhook-id']).toBe(notice?.id);
    expect(first?.headers['webhook-id']).toBe(notice?.id);
    const key = Buffer.from(hook.secret.slice('whsec_'.length), 'base64');
    const content = `${notice?.id}.${String(second?.headers['webhook-timestamp'])}.${second?.body}`;
    const signature = createHmac('sha256', key).update(content).digest('base64');
    expect(second?.headers['webhook-signature']).toBe(`v1,${signature}`);
    const deliveries = `/v1/webhooks/${hook.id}/deliveries`;
    await until('it is noted', 10_000, async () => {
      const { items } = await tenant.api.ok<{ items: { status: string; attempts: number }[] }>(
        'GET',
        deliveries,
      );
      return items[0]?.status === 'delivered' && items[0].attempts === 2;
    });

    expect((await tenant.call('paid')).status).toBe(200);
    await tenant.usageOf('paid', 2);
    await until(
      'the second request is in the budget',
      30_000,
      async () => (await state(paid)) !== notice?.data.spent,
    );
    expect(await notices()).toHaveLength(1);
    expect(received).toHaveLength(2);
  }, 120_000);

  it.each([
    ['an amount of nothing', { amount: '0' }, 'amount'],
    ['an amount that is none', { amount: '1e3' }, 'amount'],
    ['another currency', { amount: '1', currency: 'EUR' }, 'currency'],
    ['a service without its project', { amount: '1', service: 'paid' }, 'project'],
    [
      'a threshold of nothing',
      { amount: '1', thresholds: [{ percent: 0, on: 'actual' }] },
      'thresholds[0].percent',
    ],
  ])('refuse %s, and write nothing', async (_name, body, field) => {
    const before = await tenant.api.ok<{ items: unknown[] }>('GET', '/v1/budgets');
    const answer = await tenant.api.request<{ violations: { field: string }[] }>('POST', '/v1/budgets', body);
    expect(answer.status).toBe(400);
    expect(answer.body.violations.map((violation) => violation.field)).toEqual([field]);
    const after = await tenant.api.ok<{ items: unknown[] }>('GET', '/v1/budgets');
    expect(after.items).toHaveLength(before.items.length);
  });
});
