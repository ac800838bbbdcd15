import { formatRatio, parseRatio, total, type UsageRecord } from '#libs/domain';
import { usageOf, type UsedRevision } from '#libs/testing';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';
import { takeIn, usedRevision } from './used.rig.js';

const T = Date.parse('2026-10-10T12:00:00Z');
interface Priced {
  id: string;
  amount: string;
  request?: string;
  opened?: string[];
}
interface Page {
  items: Priced[];
  nextCursor?: string;
}

let rig: ApiRig;
let tenant: RigTenant;
let other: RigTenant;
let of: UsedRevision;
let records: UsageRecord[];

beforeAll(async () => {
  rig = await ApiRig.start();
  [tenant, other] = [await rig.tenant('explained'), await rig.tenant('other')];
  of = await usedRevision(rig, tenant);
  const at = (position: number, from: number, to: number, change: Partial<UsageRecord> = {}): UsageRecord =>
    usageOf(of, position, { startMs: T + from, endMs: T + to }, change);
  records = [
    at(0, 0, 100),
    at(1, 10, 90),
    at(2, 50, 250),
    at(3, 60, 70, { reached: false, status: 429, flags: 'RL' }),
    at(4, 59_000, 60_030, { streamId: 'long', last: false }),
    at(5, 60_030, 61_010, { streamId: 'long', part: 1 }),
    at(6, 60_500, 60_600, { responseBytes: 0 }),
  ];
  await takeIn(rig, of, { fresh: records, all: records, position: 1 });
}, 60_000);
afterAll(() => rig.stop());

const get = (path: string, { key } = tenant): Promise<RigAnswer> => rig.call('GET', path, { key });
const cost = async (request: string): Promise<Record<string, unknown>> =>
  (await get(`/v1/bill/requests/${request}?at=${new Date(T + 60_000).toISOString()}`)).json;
const itemsOf = (answer: Record<string, unknown>): unknown =>
  (answer['lines'] as { item: string; amount: string }[]).map(({ item, amount }) => `${item} ${amount}`);

async function all(path: string): Promise<Priced[]> {
  const found: Priced[] = [];
  let cursor = '';
  do {
    const page = (await get(`${path}&limit=1${cursor}`)).json as unknown as Page;
    found.push(...page.items);
    cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
  } while (cursor !== '');
  return found;
}

const windowsOf = (line: string): Promise<Priced[]> => all(`/v1/bill/windows?month=2026-10&line=${line}`);
const requestsOf = async (line: string): Promise<Priced[]> => {
  const windows = await windowsOf(line);
  const requests = await Promise.all(
    windows.map(({ id }) => all(`/v1/bill/windows/${id}/requests?line=${line}`)),
  );
  return requests.flat();
};
const sumOf = (list: readonly { amount: string }[]): string =>
  formatRatio(total(list.map(({ amount }) => parseRatio(amount))));

describe('the cost of a request', () => {
  it('is whole for who opened a block, and the request alone for who shared it', async () => {
    expect(itemsOf(await cost('stream-0'))).toEqual([
      'cpu 0.0000024',
      'memory 0.000000125',
      'requests 0.0000004',
    ]);
    expect(itemsOf(await cost('stream-1'))).toEqual(['requests 0.0000004']);
    expect(await cost('stream-2')).toMatchObject({
      opened: [100, 200].map((ms) => new Date(T + ms).toISOString()),
      totals: [{ currency: 'USD', amount: '0.00000545' }],
    });
  });

  it('of a stream is that of all its parts, over minutes', async () => {
    expect(await cost('long')).toMatchObject({
      start: new Date(T + 59_000).toISOString(),
      end: new Date(T + 61_010).toISOString(),
      ended: true,
      billable: true,
    });
    expect(((await cost('long'))['opened'] as string[]).length).toBe(20);
  });

  it('is nothing where no instance was reached, and says why', async () => {
    expect(await cost('stream-3')).toMatchObject({
      billable: false,
      notBillableReason: 'rate_limited',
      lines: [],
      totals: [],
    });
  });

  it('is provisional until its hour is closed', async () => {
    expect(await cost('stream-0')).toMatchObject({ provisional: true });
    await rig.database.query(
      `UPDATE ledger_windows SET closed_at = now(), position = 1, seal_number = 1 WHERE organization_id = $1`,
      [tenant.organizationId],
    );
    expect(await cost('stream-0')).toMatchObject({ provisional: false });
  });

  it('is shown to nobody else', async () => {
    const path = `/v1/bill/requests/stream-0?at=${new Date(T).toISOString()}`;
    expect((await get(path)).status).toBe(200);
    expect((await get(path, other)).status).toBe(404);
    expect((await get('/v1/bill/requests/stream-0')).status).toBe(404);
  });
});

describe('a month counted again from its records', () => {
  const replay = async (query = ''): Promise<Record<string, unknown>> =>
    (await get(`/v1/bill/replay?month=2026-10${query}`)).json;

  it('is the bill, byte for byte', async () => {
    const bill = (await get('/v1/bill?month=2026-10')).json;
    const { due, items } = bill as { due: string; items: { rounded: string }[] };
    const again = await replay();
    expect(again).toMatchObject({
      equal: true,
      windows: 2,
      subtotal: due,
      plan: { id: 'builtin', version: 1 },
    });
    expect(again['digest']).toBe(again['live']);
    expect((again['lines'] as { charged: string }[]).map(({ charged }) => charged)).toEqual(
      items.map(({ rounded }) => rounded),
    );
  });

  it('by another model or plan is what it would have cost', async () => {
    const quantity = (answer: Record<string, unknown>): string =>
      (answer['lines'] as { item: string; quantity: string }[]).find(({ item }) => item === 'cpu')
        ?.quantity ?? '';
    expect(Number(quantity(await replay('&model=per_request')))).toBeGreaterThan(
      Number(quantity(await replay())),
    );
    expect(await replay('&plan=memory-ticks')).toMatchObject({ equal: false, plan: { id: 'memory-ticks' } });
    expect((await get('/v1/bill/replay?month=2026-10&plan=none')).status).toBe(404);
  });

  it('differs when the windows do not say what the records say', async () => {
    const add = `UPDATE billing_windows SET blocks = blocks + $1 WHERE organization_id = '${tenant.organizationId}'`;
    await rig.database.query(add, [100_000_000]);
    expect(await replay()).toMatchObject({ equal: false });
    await rig.database.query(add, [-100_000_000]);
    expect(await replay()).toMatchObject({ equal: true });
  });
});

describe('a line of the bill', () => {
  it('is the sum of its minutes, and of what its requests bear', async () => {
    const bill = (await get('/v1/bill?month=2026-10')).json as unknown as {
      items: { item: string; list: string }[];
    };
    expect(bill.items).toHaveLength(3);
    for (const { item, list } of bill.items) {
      expect([item, sumOf(await windowsOf(item)), sumOf(await requestsOf(item))]).toEqual([item, list, list]);
    }
  });

  it('is the sum of the costs of all requests', async () => {
    const ids = [...new Set(records.map(({ streamId }) => streamId))];
    const totals = await Promise.all(
      ids.map(async (id) => (await cost(id))['totals'] as { amount: string }[]),
    );
    const bill = (await get('/v1/bill?month=2026-10')).json as unknown as { items: { list: string }[] };
    expect(sumOf(totals.flat())).toBe(sumOf(bill.items.map(({ list }) => ({ amount: list }))));
  });

  it('leads to the requests that opened its blocks', async () => {
    const opened = (await requestsOf('builtin/1/cpu')).map(({ request, opened: at = [] }) => [
      request,
      at.length,
    ]);
    expect(opened).toEqual([
      ['stream-0', 1],
      ['stream-2', 2],
      ['long', 10],
      ['long', 10],
      ['stream-6', 1],
    ]);
    expect((await requestsOf('requests')).map(({ request }) => request)).toEqual([
      'stream-0',
      'stream-1',
      'stream-2',
      'long',
      'stream-6',
    ]);
  });

  it.each([
    ['of no price item', '/v1/bill/windows?line=gold', 'line'],
    ['of a month and an invoice', '/v1/bill/windows?line=cpu&month=2026-10&invoice=INV-1-000001', 'invoice'],
  ])('%s is refused', async (_name, path, field) => {
    const answer = await get(path);
    expect(answer.status).toBe(400);
    expect((answer.json['violations'] as { field: string }[]).map((one) => one.field)).toEqual([field]);
  });

  it('of nobody else is explained', async () => {
    const [window] = await windowsOf('cpu');
    const path = `/v1/bill/windows/${window?.id ?? ''}/requests?line=cpu`;
    expect((await get(path)).status).toBe(200);
    expect((await get(path, other)).status).toBe(404);
    expect((await get('/v1/bill/windows/nothing/requests?line=cpu')).status).toBe(404);
  });
});
