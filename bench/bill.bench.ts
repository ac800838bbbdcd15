/**
 * The live bill of one organization, from its windows, against a SUM over the raw requests it is made of; and what it
 * costs as the organization has more windows. Goals: issue 6 section 7. `npm run bench bill`.
 */
import { billOf, monthSpan } from '#libs/domain';
import { askedBesides, findBillFacts, findMonthInvoice } from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import { startBillingBed, type BillingBed } from './billing.bed.js';
import { logLogSlope } from './growth.js';
import { interleave, slicesOf, type Slice, type Variant } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const REQUESTS = Number(process.env['BENCH_BILL_ROWS'] ?? 10_000_000);
const OTHERS = Number(process.env['BENCH_BILL_OTHERS'] ?? 200);
const MONTH = '2026-10';
const GOALS = { ratio: 50, slope: 1.1 };
/** Minutes of October. */
const WINDOWS = 44_640;
const GROWTH = [WINDOWS / 30, WINDOWS / 6, WINDOWS].map(Math.round);
const FROM = monthSpan(MONTH).startMs;

async function run(): Promise<void> {
  const bed = await startBillingBed();
  try {
    const [all, sixth, day] = [await bed.revision(1), await bed.revision(2), await bed.revision(3)];
    const sizes = [day, sixth, all].map((of, i) => ({ of, windows: GROWTH[i] ?? 0 }));
    await bed.database.query(`UPDATE organizations SET created_at = '2026-01-01'`);
    // its invoice is the next one, so what else that asks for is looked for
    await bed.database.query('UPDATE invoicing SET since = $1', [MONTH]);
    for (const { of, windows } of sizes) await fill(bed, of, windows, REQUESTS / WINDOWS);
    for (let i = 0; i < OTHERS; i++) await fill(bed, await bed.revision(100 + i), 1_440, 10);
    await bed.database.query('CREATE UNLOGGED TABLE raw (LIKE usage_records)');
    await raw(bed, all);
    await bed.database.query('VACUUM ANALYZE raw');
    await bed.database.query('VACUUM ANALYZE billing_windows');

    const bills = sizes.map(({ of, windows }) => timed(`bill, ${windows} windows`, () => bill(bed, of)));
    const largest = bills.at(-1) as Variant;
    const again = { ...largest, name: 'bill again' };
    const sum = timed('SUM', () => sumOf(bed, all));
    const counted = [await bill(bed, all), await sumOf(bed, all)];
    if (counted[0] !== counted[1])
      throw new Error(`the bill has ${counted[0]} requests, the records are ${counted[1]}`);
    const rounds = await interleave([...bills, again, sum], ROUNDS);
    report(
      `bill of a month of ${counted[1]} requests beside ${OTHERS} other organizations`,
      rounds,
      [largest.name, again.name],
      [
        {
          title: `bill / SUM over ${counted[1]} raw rows`,
          one: largest.name,
          other: 'SUM',
          goal: GOALS.ratio,
        },
      ],
    );
    const points = sizes.map(({ windows }, i) => ({
      size: windows,
      costs: slicesOf(rounds, bills[i]?.name ?? '').map(({ seconds, operations }) => seconds / operations),
    }));
    console.log(`  growth with its own windows: ${logLogSlope(points, GOALS.slope)}`);
  } finally {
    await bed.stop();
  }
}

/** So many minutes of usage, each of as many requests and blocks. */
async function fill(
  { database }: BillingBed,
  of: UsedRevision,
  windows: number,
  requests: number,
): Promise<void> {
  const { organizationId, projectId, serviceId, revisionId } = of;
  await database.query(
    `INSERT INTO billing_windows SELECT $1, $2, $3, $4, 'default', $5::bigint + n * 60000::bigint, each, 0, each, each, '[]',
       each * 10, each * 100, now()
     FROM (SELECT n, ((n + 1) * $7::numeric)::bigint - (n * $7::numeric)::bigint AS each
       FROM generate_series(0::bigint, $6::bigint - 1) n) w`,
    [organizationId, projectId, serviceId, revisionId, FROM, windows, requests],
  );
}

/** The requests of those minutes: 100 ms each. */
async function raw({ database }: BillingBed, of: UsedRevision): Promise<void> {
  const { organizationId, projectId, serviceId, revisionId, gatewayId, producer } = of;
  const each = (31 * 86_400_000) / REQUESTS;
  const STEP = 1_000_000;
  for (let from = 0; from < REQUESTS; from += STEP) {
    await database.query(
      `INSERT INTO raw (producer, position, organization_id, project_id, service_id, revision_id, gateway_id, region, price_zone,
         stream_id, part, last, start_ms, end_ms, request_bytes, response_bytes, status, flags, reached, attempts, billable)
       SELECT $1, n * 400::bigint, $2, $3, $4, $5, $6, 'local', 'default', md5(n::text), 0, true, $7::bigint + (n * $8::float8)::bigint,
         $7::bigint + (n * $8::float8)::bigint + 100, 10, 100, 200, '-', true, 1, true FROM generate_series($9::bigint, $10::bigint) n`,
      [
        producer,
        organizationId,
        projectId,
        serviceId,
        revisionId,
        gatewayId,
        FROM,
        each,
        from,
        Math.min(from + STEP, REQUESTS) - 1,
      ],
    );
  }
}

/** As the api answers `GET /v1/bill`; gives the requests that are on it. */
async function bill({ database }: BillingBed, { organizationId }: UsedRevision): Promise<string> {
  const { parts, terms, besides } = await database.db.inTenant(organizationId, async (tx) => {
    const facts = await findBillFacts(tx, organizationId, MONTH);
    const of = { month: MONTH, stored: await findMonthInvoice(tx, organizationId, MONTH) };
    return { ...facts, besides: await askedBesides(tx, organizationId, of, facts.parts.at(-1)?.plan) };
  });
  billOf(MONTH, parts, { ...terms, ...besides });
  return String(parts.flatMap(({ days }) => days).reduce((sum, { requests }) => sum + requests, 0n));
}

/** What a person would ask without windows. */
async function sumOf({ database }: BillingBed, { organizationId }: UsedRevision): Promise<string> {
  const [row] = await database.query<{ requests: string }>(
    `SELECT count(*)::text AS requests, sum((end_ms - start_ms + 99) / 100)::text AS units, sum(response_bytes)::text AS bytes
     FROM raw WHERE organization_id = $1 AND start_ms >= $2 AND start_ms < $3 AND billable`,
    [organizationId, FROM, monthSpan(MONTH).endMs],
  );
  return row?.requests ?? '';
}

/** Of one slice; short work is repeated until it is no moment any more. */
function timed(name: string, work: () => Promise<unknown>): Variant {
  const LEAST_MS = 8_000;
  const slice = async (): Promise<Slice> => {
    let operations = 0;
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    while (operations === 0 || performance.now() - began < LEAST_MS) {
      await work();
      operations += 1;
    }
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - began) / 1_000;
    return { operations, seconds, cpuMicros: user + system };
  };
  return { name, slice };
}

await run();
process.exit();
