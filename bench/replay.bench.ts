/**
 * A month counted again from its raw records, against taking the same records in and folding them; and what is kept of a
 * request once its month is closed. Goals: issue 6 section 7. `npm run bench replay`.
 */
import { monthSpan } from '#libs/domain';
import { systemClock } from '#libs/process';
import { findBillPeriods } from '#libs/store';
import { replayUsage } from '../apps/api/src/bill/replay.usage.js';
import { GROUP } from '../apps/billing/src/intake/intake.worker.js';
import { UsageIntake } from '../apps/billing/src/intake/usage.intake.js';
import { readUsageMessage } from '../apps/billing/src/intake/usage.message.js';
import { bytesOf, cpuWith, foldAll, startBillingBed, type BillingBed } from './billing.bed.js';
import { MonthClose, beginInOctober } from './month.close.js';
import { interleave, type Slice, type Variant } from './protocol.js';
import { report } from './report.js';
import { ROWS_PER_MESSAGE, Traffic } from './usage.traffic.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const ROWS = Number(process.env['BENCH_ROWS'] ?? 20_000);
/** Ten requests a second: 600 in a window. */
const EVERY_MS = 100;
const GOAL = 2;
const MONTH = '2026-10';
const FROM = Date.UTC(2026, 9, 10);
/** What is kept of usage and of the money made from it. */
const KEPT = [
  ...['usage_records', 'usage_watermarks', 'billing_windows', 'billing_dirty_windows'],
  ...['ledger_windows', 'ledger_lines', 'ledger_seals', 'ledger_entries', 'ledger_postings'],
  ...['invoices', 'invoiced_months', 'outbox', 'notices'],
];

class Live {
  private sequence = 0;
  private seed = 0;
  readonly all: Traffic[] = [];
  private readonly intake: UsageIntake;

  constructor(private readonly bed: BillingBed) {
    this.intake = new UsageIntake(bed.database.db, bed.things, systemClock);
  }

  /** Traffic of an organization of its own. */
  async traffic(): Promise<{ traffic: Traffic; messages: Uint8Array[] }> {
    const traffic = new Traffic(await this.bed.revision((this.seed += 1)), FROM, { everyMs: EVERY_MS });
    this.all.push(traffic);
    const messages: Uint8Array[] = [];
    for (let i = 0; i < ROWS; i += ROWS_PER_MESSAGE) {
      const records = traffic.next(Math.min(ROWS_PER_MESSAGE, ROWS - i));
      messages.push(new TextEncoder().encode(JSON.stringify({ schemaVersion: 1, records })));
    }
    return { traffic, messages };
  }

  /** Takes it in and folds it, as fast as billing can. */
  async take({ traffic, messages }: { traffic: Traffic; messages: Uint8Array[] }): Promise<void> {
    const subject = `usage.${traffic.of.gatewayId}`;
    for (let i = 0; i < messages.length; i += GROUP) {
      const read = messages.slice(i, i + GROUP).map((data) => {
        this.sequence += 1;
        const message = { subject, sequence: this.sequence, data, deliveries: 1 };
        return readUsageMessage({ ...message, headers: undefined, deleted: false });
      });
      await this.intake.take(read, this.bed.lease);
    }
    await foldAll(this.bed);
  }
}

/** What windows say, and what the records say again: requests and blocks. */
async function replay({ database }: BillingBed, { of: { organizationId } }: Traffic): Promise<string> {
  const { startMs: fromMs, endMs: toMs } = monthSpan(MONTH);
  const { days } = await database.db.inTenant(organizationId, async (tx) => {
    const periods = await findBillPeriods(tx, organizationId, MONTH);
    return replayUsage(tx, { organizationId, fromMs, toMs }, periods);
  });
  const sum = (of: 'requests' | 'blocks'): bigint => days.flat().reduce((all, day) => all + day[of], 0n);
  return `${sum('requests')} requests, ${sum('blocks')} blocks`;
}

async function windowsOf({ database }: BillingBed, { of }: Traffic): Promise<string> {
  const [row] = await database.query<{ said: string }>(
    `SELECT sum(requests) || ' requests, ' || sum(blocks) || ' blocks' AS said FROM billing_windows
     WHERE organization_id = $1 AND revision_id <> ''`,
    [of.organizationId],
  );
  return row?.said ?? '';
}

function variant<T>(
  bed: BillingBed,
  name: string,
  prepare: () => Promise<T>,
  work: (input: T) => Promise<unknown>,
): Variant {
  const slice = async (): Promise<Slice> => {
    const input = await prepare();
    const [began, cpu] = [performance.now(), await cpuWith(bed)];
    await work(input);
    const seconds = (performance.now() - began) / 1_000;
    return { operations: ROWS, seconds, cpuMicros: (await cpuWith(bed)) - cpu };
  };
  return { name, slice };
}

async function keptBytes(bed: BillingBed): Promise<Map<string, number>> {
  await bed.database.query(`VACUUM FULL ${KEPT.join(', ')}`);
  return bytesOf(bed, KEPT);
}

const bed = await startBillingBed();
try {
  await beginInOctober(bed);
  const empty = await keptBytes(bed);
  const live = new Live(bed);
  const first = await live.traffic();
  await live.take(first);
  const [again, said] = [await replay(bed, first.traffic), await windowsOf(bed, first.traffic)];
  if (again !== said) throw new Error(`replayed ${again}, windows say ${said}`);
  const ready = (): Promise<Traffic> => Promise.resolve(first.traffic);
  const rounds = await interleave(
    [
      variant(
        bed,
        'live',
        () => live.traffic(),
        (input) => live.take(input),
      ),
      variant(bed, 'replay', ready, (traffic) => replay(bed, traffic)),
      variant(bed, 'replay again', ready, (traffic) => replay(bed, traffic)),
    ],
    ROUNDS,
  );
  report(
    `${ROWS} records, ${60_000 / EVERY_MS} a window, taken in and folded, or counted again`,
    rounds,
    ['replay', 'replay again'],
    [{ title: 'replay / live', one: 'replay', other: 'live', goal: GOAL }],
  );
  await beginInOctober(bed);
  const month = new MonthClose(bed);
  await month.settle();
  await month.invoice();
  const requests = live.all.length * ROWS;
  const kept = [...(await keptBytes(bed))].map(
    ([name, bytes]) => [name, bytes - (empty.get(name) ?? 0)] as const,
  );
  const each = (bytes: number): string => (bytes / requests).toFixed(1);
  const parts = kept.filter(([, bytes]) => bytes > 0).map(([name, bytes]) => `${name} ${each(bytes)}`);
  console.log(
    `  kept of each of ${requests} requests after the month's close: ${each(kept.reduce((sum, [, bytes]) => sum + bytes, 0))} bytes`,
  );
  console.log(`    ${parts.join(', ')}`);
} finally {
  await bed.stop();
}
process.exit();
