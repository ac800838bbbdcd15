import {
  billOf,
  correctionsOfInvoice,
  formatRatio,
  invoiceOf,
  minus,
  newId,
  parseRatio,
  total,
  type Invoice,
  type InvoiceCorrection,
  type UsageRecord,
} from '#libs/domain';
import { systemRandom } from '#libs/process';
import { findBillFacts, insertInvoice, nextInvoiceNumber } from '#libs/store';
import { usageOf, type UsedRevision } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { takeIn, usedRevision } from './used.rig.js';

const T = Date.parse('2026-10-10T12:00:00Z');
const MINUTE_MS = 60_000;
const MONTHS = ['2026-10', '2026-11'] as const;
const [BEFORE, AFTER] = [5, 6];

interface Explained {
  id: string;
  service?: string;
  amount: string;
  request?: string;
}

let rig: ApiRig;
let tenant: RigTenant;
let of: UsedRevision;
beforeAll(async () => {
  rig = await ApiRig.start();
}, 60_000);
beforeEach(async () => {
  tenant = await rig.tenant(`then-${Math.floor(performance.now())}`);
  of = await usedRevision(rig, tenant);
});
afterAll(() => rig.stop());

const at = (position: number, from: number, to: number): UsageRecord =>
  usageOf(of, position, { startMs: T + from, endMs: T + to });
const onTime = (): UsageRecord[] => [at(0, 0, 90_050), at(1, 20, 9_920), at(2, 200_000, 200_100)];

const sumOf = (list: readonly { amount: string }[]): string =>
  formatRatio(total(list.map(({ amount }) => parseRatio(amount))));

async function all(path: string): Promise<Explained[]> {
  const found: Explained[] = [];
  let cursor = '';
  do {
    const { json } = await rig.call('GET', `${path}&limit=2${cursor}`, { key: tenant.key });
    const page = json as unknown as { items: Explained[]; nextCursor?: string };
    found.push(...page.items);
    cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
  } while (cursor !== '');
  return found;
}
/** A line's windows, and what their requests bear; `of`: a month or an invoice. */
const explained = async (line: string, query: string): Promise<Explained[]> => {
  const windows = await all(`/v1/bill/windows?line=${line}&${query}`);
  const whole = await rig.call('GET', `/v1/bill/windows/export?line=${line}&${query}`, { key: tenant.key });
  expect(whole.text).toBe(windows.map((window) => `${JSON.stringify(window)}\n`).join(''));
  return windows.map(({ id, service, amount }) => ({ id, service: service ?? '', amount }));
};
const bearers = async (line: string, query: string): Promise<Explained[]> => {
  const windows = await explained(line, query);
  const suffix = query.startsWith('invoice') ? `&${query}` : '';
  const lists = await Promise.all(
    windows.map(({ id }) => all(`/v1/bill/windows/${id}/requests?line=${line}${suffix}`)),
  );
  return lists.flat();
};

/** As billing makes it when usage is taken in up to that position. */
async function invoice(
  month: string,
  position: number,
  corrections: readonly InvoiceCorrection[] = [],
): Promise<Invoice> {
  const { organizationId } = tenant;
  return rig.database.db.asSystem(async (tx) => {
    const { parts, terms } = await findBillFacts(tx, organizationId, month);
    const number = await nextInvoiceNumber(tx, 'invoice');
    const now = Date.now();
    const [issuedAt, dueAt] = [new Date(now).toISOString(), new Date(now + 86_400_000).toISOString()];
    const head = { number, organization: organizationId, issuedAt, dueAt };
    const facts = { ...terms, decimals: parts.at(-1)?.plan.decimals ?? 0, corrections: [...corrections] };
    const made = invoiceOf(billOf(month, parts), head, facts);
    await insertInvoice(tx, { id: newId('ivc', now, systemRandom), organizationId, position, invoice: made });
    return made;
  });
}

it('what requests cost, named adjustments and the rounding are the lines of the invoice', async () => {
  const operator = await rig.tenant(`operators-${Math.floor(performance.now())}`, true);
  const terms = { plan: 'builtin', discountPercent: '7.5' };
  const address = `/v1/organizations/${tenant.organizationId}/billing-terms`;
  expect((await rig.call('PUT', address, { key: operator.key, body: terms })).status).toBe(200);
  await takeIn(rig, of, { fresh: onTime(), all: onTime(), position: BEFORE });
  const made = await invoice(MONTHS[0], BEFORE);
  expect(made.lines.map(({ item }) => item)).toEqual(['cpu', 'memory', 'requests']);
  for (const { item, adjustments, amount, charged } of made.lines) {
    const rounding = minus(parseRatio(charged), parseRatio(amount));
    const named = [...(await bearers(item, `invoice=${made.number}`)), ...adjustments];
    expect(adjustments).toHaveLength(1);
    expect(sumOf([...named, { amount: formatRatio(rounding) }])).toBe(formatRatio(parseRatio(charged)));
  }
});

const late: [what: string, from: number, to: number][] = [
  ['in a minute that was invoiced', 100, 5_000],
  ['on into the minutes after it', 30_000, 200_050],
  ['in a minute in which there was nothing', 20 * MINUTE_MS, 20 * MINUTE_MS + 7_000],
];

describe.each(late)('usage that came late %s', (_what, from, to) => {
  it('does not change what explains an invoice; of the next one its correction says what it changed', async () => {
    await takeIn(rig, of, { fresh: onTime(), all: onTime(), position: BEFORE });
    const first = await invoice(MONTHS[0], BEFORE);
    const asked = `invoice=${first.number}`;
    const { list = '' } = first.lines.find(({ item }) => item === 'cpu') ?? {};
    const before = await explained('cpu', asked);
    const bornBefore = await bearers('cpu', asked);
    expect([sumOf(before), sumOf(bornBefore)]).toEqual([list, list]);

    const more = at(9, from, to);
    await takeIn(rig, of, { fresh: [more], all: [...onTime(), more], position: AFTER });
    expect(await explained('cpu', asked)).toEqual(before);
    expect(await bearers('cpu', asked)).toEqual(bornBefore);
    expect(before.every(({ service }) => service === 'web')).toBe(true);
    const present = await explained('requests', `month=${MONTHS[0]}`);
    expect(present).not.toEqual(await explained('requests', asked));

    const { parts } = await rig.database.db.asSystem((tx) =>
      findBillFacts(tx, tenant.organizationId, MONTHS[0]),
    );
    const again = billOf(MONTHS[0], parts);
    // a real one comes to a cent at least; what is said of it does not depend on that
    const line = {
      month: MONTHS[0],
      plan: 'builtin',
      version: 1,
      item: 'requests',
      name: 'R',
      charged: '0.01',
    };
    const second = await invoice(MONTHS[1], AFTER, [...correctionsOfInvoice(first, again, []), line]);
    const correction = await explained(`${MONTHS[0]}/builtin/1/requests`, `invoice=${second.number}`);
    const listOf = (lines: readonly { item: string; list: string }[]): string =>
      lines.find(({ item }) => item === 'requests')?.list ?? '0';
    const change = minus(parseRatio(listOf(again.items)), parseRatio(listOf(first.lines)));
    expect(sumOf(correction)).toBe(formatRatio(change));
    expect(correction).toHaveLength(1);
    // and what comes later still is none of its
    const last = at(10, 300, 400);
    await takeIn(rig, of, { fresh: [last], all: [...onTime(), more, last], position: AFTER + 1 });
    expect(await explained(`${MONTHS[0]}/builtin/1/requests`, `invoice=${second.number}`)).toEqual(
      correction,
    );
  });
});
