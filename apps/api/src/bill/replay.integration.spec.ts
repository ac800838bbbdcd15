import type { Invoice, UsageRecord } from '#libs/domain';
import { usageOf, type UsedRevision } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { invoiceOfMonth, takeIn, usedRevision } from './used.rig.js';

const T = Date.parse('2026-10-10T12:00:00Z');
const MONTH = '2026-10';
const HOUR_MS = 3_600_000;
/** Usage that was taken in before and after the invoice was made. */
const [BEFORE, AFTER] = [5, 6];

let rig: ApiRig;
let tenant: RigTenant;
let of: UsedRevision;
beforeAll(async () => {
  rig = await ApiRig.start();
}, 60_000);
beforeEach(async () => {
  tenant = await rig.tenant(`replayed-${Math.floor(performance.now())}`);
  of = await usedRevision(rig, tenant);
});
afterAll(() => rig.stop());

const at = (position: number, from: number, to: number): UsageRecord =>
  usageOf(of, position, { startMs: T + from, endMs: T + to });
const replay = async (query = ''): Promise<Record<string, unknown>> =>
  (await rig.call('GET', `/v1/bill/replay?month=${MONTH}${query}`, { key: tenant.key })).json;

const invoice = (position: number): Promise<Invoice> =>
  invoiceOfMonth(rig, tenant.organizationId, MONTH, position);

const onTime = (): UsageRecord[] => [
  at(0, 0, 20 * 60_000),
  at(1, 50, 9_920),
  at(2, HOUR_MS - 30, HOUR_MS + 40),
];

it('is the invoice, byte for byte, by its digest', async () => {
  await takeIn(rig, of, { fresh: onTime(), all: onTime(), position: BEFORE });
  const { number, lines } = await invoice(BEFORE);
  const answer = await replay();
  expect(answer).toMatchObject({ equal: true, invoice: number, lines });
  const [stored] = await rig.database.query<{ digest: string }>(
    `SELECT encode(digest, 'hex') AS digest FROM invoices WHERE number = $1`,
    [number],
  );
  expect([answer['digest'], answer['live']]).toEqual([stored?.digest, stored?.digest]);
});

it.each([
  ['in a minute that was invoiced', 100, 5_000],
  ['on into a minute that was invoiced', HOUR_MS - 20, HOUR_MS + 12_345],
  ['in an hour in which there was nothing', 5 * HOUR_MS, 5 * HOUR_MS + 7_000],
])(
  'is the same after usage that came late %s; what it says of other prices, too',
  async (_name, from, to) => {
    await takeIn(rig, of, { fresh: onTime(), all: onTime(), position: BEFORE });
    await invoice(BEFORE);
    const [before, other] = [await replay(), await replay('&model=per_request')];
    const late = at(9, from, to);
    await takeIn(rig, of, { fresh: [late], all: [...onTime(), late], position: AFTER });
    expect(await replay()).toEqual(before);
    expect(before).toMatchObject({ equal: true });
    expect(await replay('&model=per_request')).toEqual(other);
  },
);

it('of a month without an invoice counts all there is', async () => {
  await takeIn(rig, of, { fresh: onTime(), all: onTime(), position: BEFORE });
  const before = await replay();
  const late = at(9, 100, 5_000);
  await takeIn(rig, of, { fresh: [late], all: [...onTime(), late], position: AFTER });
  const after = await replay();
  expect([before['equal'], after['equal']]).toEqual([true, true]);
  expect(after['digest']).not.toBe(before['digest']);
});

it('of the month after counts what came late, as its bill says it', async () => {
  const next = '2026-11';
  await rig.database.query(`UPDATE invoicing SET since = '2026-10'`);
  await rig.database.query(`UPDATE organizations SET created_at = '2026-10-01' WHERE id = $1`, [
    tenant.organizationId,
  ]);
  const read = async (query: string): Promise<Record<string, unknown>> =>
    (await rig.call('GET', `/v1/bill${query}`, { key: tenant.key })).json;
  await takeIn(rig, of, { fresh: onTime(), all: onTime(), position: BEFORE });
  await invoice(BEFORE);
  expect(await read(`?month=${next}`)).toMatchObject({ corrections: [], due: '0.00', payable: '0.00' });
  // 3,000 s beside 1,200: 0.1008 and 0.00525 instead of 0.0288 and 0.0015
  const late = [at(9, 2 * HOUR_MS, 2 * HOUR_MS + 3_000_000)];
  await takeIn(rig, of, { fresh: late, all: [...onTime(), ...late], position: AFTER });
  const bill = await read(`?month=${next}`);
  const corrections = bill['corrections'] as { month: string; charged: string }[];
  expect(corrections.map(({ month, charged }) => [month, charged])).toEqual([
    [MONTH, '0.07'],
    [MONTH, '0.01'],
  ]);
  expect(bill).toMatchObject({ due: '0.00', gross: '0.08', payable: '0.08' });
  expect(await read(`/replay?month=${next}`)).toMatchObject({ equal: true, payable: bill['payable'] });
  expect(await read(`?month=${MONTH}`)).toMatchObject({ corrections: [] });
});
