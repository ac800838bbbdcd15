import {
  UsageFold,
  billOf,
  formatRatio,
  linesOf,
  monthOf,
  parsePriceSchedule,
  parseRatio,
  parseUsageEntry,
  rateUsage,
  total,
  type UsageRecord,
} from '#libs/domain';
import { findBillFacts, findPlansInForce, usedInWindows, type Lease } from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';

const T0 = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;
const SHAPE = { concurrency: 2, maxInstances: 3 };
const whole = (below: number): number => Buffer.from(random(4)).readUInt32BE() % below;
const clock = new SteppedClock(T0 + 3_600_000);
const random = seededRandom(11);

let database: TestDatabase;
let lease: Lease;
beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('metered', 'me')) as Lease;
});
afterAll(() => database.drop());

const time = { measure: 'request_time', rate: '0.001', per: '1 s', unit: 's' };
/** Blocks of a second for CPU and of 70 ms for memory, each request by 250 ms beside; shorter ones after ten minutes. */
const documents = [
  { cpu: '1 s', memory: '70 ms', each: '250 ms', least: '1 s', from: '1970-01-01T00:00:00Z' },
  {
    cpu: '100 ms',
    memory: '10 s',
    each: '10 ms',
    least: '15 ms',
    from: new Date(T0 + 600_000).toISOString(),
  },
].map(({ cpu, memory, each, least, from }, i) => ({
  ...{ id: 'seconds', version: i + 1, name: 'Seconds', currency: 'USD', decimals: 6, effectiveFrom: from },
  items: [
    { ...time, id: 'cpu', name: 'CPU', model: 'concurrency', quantum: cpu, times: 'vcpu' },
    { ...time, id: 'memory', name: 'Memory', model: 'concurrency', quantum: memory, times: 'gib' },
    { ...time, id: 'each', name: 'Each', model: 'per_request', quantum: each, minimum: least },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
}));
const schedule = parsePriceSchedule(documents);

/** An organization that is billed by the plan. */
async function customer(): Promise<UsedRevision> {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), random, {
    ...SHAPE,
    timeoutSeconds: 300,
  });
  const { organizationId } = of;
  await database.query('UPDATE organizations SET created_at = to_timestamp(0) WHERE id = $1', [
    organizationId,
  ]);
  await database.query(
    `INSERT INTO billing_terms (organization_id, effective_from, plan_id, discount_percent, taxes, created_by, created_at)
     VALUES ($1, to_timestamp(0), 'seconds', 0, '[]', 'me', now())`,
    [organizationId],
  );
  return of;
}

/** What the same usage is rated by without any server. */
function offline(of: UsedRevision, records: readonly UsageRecord[]) {
  const { organizationId, serviceId, revisionId } = of;
  const size = { cpuMillis: 1000, memoryMiB: 512, ...SHAPE };
  const fold = new UsageFold(schedule);
  fold.add(parseUsageEntry({ kind: 'revision', id: revisionId, organizationId, serviceId, ...size }));
  for (const { startMs, endMs, streamId } of records.toSorted((a, b) => a.startMs - b.startMs))
    fold.add(parseUsageEntry({ kind: 'request', id: streamId, revisionId, startMs, endMs }));
  const { folded, held } = fold.finish();
  return rateUsage(schedule, folded, held);
}

it('a plan by other blocks than 100 ms is billed live as offline, however its usage came, also over a change of price', async () => {
  for (const [i, { id, version, effectiveFromMs }] of schedule.entries())
    await database.query(
      `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, 'me', now())`,
      [`ppv_${String(i).repeat(20)}`, id, version, new Date(effectiveFromMs), JSON.stringify(documents[i])],
    );
  const of = await customer();
  const records = Array.from({ length: 300 }, (_one, i) => {
    const startMs = T0 + whole(20 * MINUTE_MS);
    return usageOf(of, i, { startMs, endMs: startMs + 1 + whole(i % 3 === 0 ? 90_000 : 400) });
  });
  const rig = new BillingRig(database.db, clock);
  const arrived = records.toSorted((a, b) => (a.endMs % 97) - (b.endMs % 97));
  for (let from = 0; from < arrived.length; from += 60) {
    await rig.take(lease, of.gatewayId, arrived.slice(from, from + 60));
    await rig.fold(lease, [of]);
  }
  const { organizationId } = of;
  const month = monthOf(T0);
  const { lines, months } = offline(of, records);
  const facts = await database.db.asSystem((tx) => findBillFacts(tx, organizationId, month));
  const bill = billOf(month, facts.parts);
  const charged = months.flatMap(({ charges }) => charges);
  expect(charged).toHaveLength(8);
  expect(bill.items.map(({ item, version, quantity, list }) => [version, item, quantity, list])).toEqual(
    charged.map(({ item, version, quantity, list }) => [version, item, quantity, list]),
  );
  const ledger = await database.db.asSystem(async (tx) => {
    const plans = await findPlansInForce(tx, organizationId, [T0]);
    return linesOf(plans, await usedInWindows(tx, organizationId, [T0], plans));
  });
  expect(ledger.map(({ item, planVersion }) => `${planVersion} ${item}`).sort()).toEqual(
    lines.map(({ item, version }) => `${version} ${item}`).sort(),
  );
  expect(formatRatio(total(ledger.map(({ amount }) => amount)))).toBe(
    formatRatio(total(bill.items.map(({ list }) => parseRatio(list)))),
  );
});
