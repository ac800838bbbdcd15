/**
 * The end of a month: the last hours of every organization are closed in the ledger, and its invoice is made, as billing's
 * workers do it, without their rests. What it costs as there are more organizations; goal: issue 6 section 7.
 * `npm run bench month-close`, `BENCH_CLOSE=1000,10000` for the whole size.
 */
import { startBillingBed, cpuWith, type BillingBed } from './billing.bed.js';
import { logLogSlope, type Point } from './growth.js';
import { MonthClose, beginInOctober } from './month.close.js';

const SIZES = (process.env['BENCH_CLOSE'] ?? '100,300,1000').split(',').map(Number);
const HOURS = Number(process.env['BENCH_CLOSE_HOURS'] ?? 2);
const MINUTES = 30;
const GOAL = 1.1;
/** The last hours of October. */
const FROM = Date.UTC(2026, 10, 1) - HOURS * 3_600_000;
const WARM_UP = 20;

interface Cost {
  seconds: number;
  cpuMicros: number;
}

interface Closed {
  settled: Cost;
  invoiced: Cost;
}

/** Organizations with one revision each, and usage in each of the hours. */
async function plant({ database }: BillingBed, count: number): Promise<void> {
  const id = (prefix: string): string => `'${prefix}_' || lpad(n::text, 20, '0')`;
  const each = `FROM generate_series(1, ${count}) n`;
  const spec = { concurrency: 80, maxInstances: 100, timeoutSeconds: 300 };
  const revision = JSON.stringify({ ...spec, resources: { cpuMillis: 1_000, memoryMiB: 512 } });
  await database.query(
    `INSERT INTO organizations (id, name, created_at) SELECT ${id('org')}, 'o', now() ${each}`,
  );
  await database.query(
    `INSERT INTO projects (organization_id, id, name, handle, created_at) SELECT ${id('org')}, ${id('prj')}, 'p', 'h' || n, now() ${each}`,
  );
  await database.query(
    `INSERT INTO services (organization_id, id, project_id, name, access, min_instances, template, traffic, status, created_at, updated_at)
     SELECT ${id('org')}, ${id('svc')}, ${id('prj')}, 's', 'public', 0, '{}', '[]', '{}', now(), now() ${each}`,
  );
  await database.query(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status, created_at)
     SELECT ${id('org')}, ${id('rev')}, ${id('prj')}, ${id('svc')}, 's-00001', 1, 1, $1, '{}', now() ${each}`,
    [revision],
  );
  await database.query(
    `INSERT INTO billing_windows SELECT ${id('org')}, ${id('prj')}, ${id('svc')}, ${id('rev')}, 'default',
       $1::bigint + hour * 3600000::bigint + minute * 60000::bigint, 600, 12, 700, 900, '[]', 6000, 60000, now()
     ${each}, generate_series(0, $2::int - 1) hour, generate_series(0, $3::int - 1) minute`,
    [FROM, HOURS, MINUTES],
  );
  await database.query('ANALYZE');
}

async function costOf(bed: BillingBed, work: () => Promise<number>, expected: number): Promise<Cost> {
  const [began, cpu] = [performance.now(), await cpuWith(bed)];
  const done = await work();
  if (done !== expected) throw new Error(`${done} organizations were done instead of ${expected}`);
  return { seconds: (performance.now() - began) / 1_000, cpuMicros: (await cpuWith(bed)) - cpu };
}

async function close(count: number): Promise<Closed> {
  const bed = await startBillingBed();
  try {
    await plant(bed, count);
    await beginInOctober(bed);
    const month = new MonthClose(bed);
    const settled = await costOf(bed, () => month.settle(), count);
    const invoiced = await costOf(bed, () => month.invoice(), count);
    await verify(bed, count);
    return { settled, invoiced };
  } finally {
    await bed.stop();
  }
}

/** Every organization has its invoice, numbered without a gap, all of one amount; its hours are closed and carried. */
async function verify({ database }: BillingBed, count: number): Promise<void> {
  const [row] = await database.query<Record<string, number>>(
    `SELECT count(*)::int AS invoices, count(DISTINCT invoice_id)::int AS carried FROM ledger_windows
       WHERE closed_at IS NOT NULL AND invoice_id IS NOT NULL AND NOT unsettled`,
  );
  if (row?.['invoices'] !== count * HOURS || row['carried'] !== count)
    throw new Error(`closed ${row?.['invoices']} hours on ${row?.['carried']} invoices`);
}

await close(WARM_UP);
const points: Point[] = [];
for (const size of SIZES) {
  const { settled, invoiced } = await close(size);
  const all = settled.cpuMicros + invoiced.cpuMicros;
  points.push({ size, costs: [all] });
  const each = ({ seconds, cpuMicros }: Cost): string =>
    `${((seconds * 1_000) / size).toFixed(1)} ms, ${(cpuMicros / size / 1_000).toFixed(1)} ms CPU each`;
  const whole = (settled.seconds + invoiced.seconds).toFixed(1);
  console.log(
    `month close of ${size} organizations: ${whole} s; ${HOURS} hours ${each(settled)}; invoice ${each(invoiced)}`,
  );
}
if (points.length > 1) console.log(`  cost by CPU, Node and PostgreSQL: ${logLogSlope(points, GOAL)}`);
process.exit();
