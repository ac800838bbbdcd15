import { setTimeout as pause } from 'node:timers/promises';
import { usageBatchSchema, usageSubject } from '#libs/bus';
import type { UsageRecord } from '#libs/domain';
import { makeUsedRevision, seededRandom, until, usageOf, type UsedRevision } from '#libs/testing';
import pg from 'pg';
import type { HubBed } from './hub.bed.js';
import type { Quiet } from './quiet.js';

const QUIET_PER_SECOND = 10;
const TIMES = 50;
const SLICE_MS = Number(process.env['BENCH_FAIR_USAGE_MS'] ?? 8_000);
const MINUTE_MS = 60_000;
/** Records of the noisy one fall into so many windows, of the quiet one each into its own. */
const NOISY_WINDOWS = 600;
const SETTLED_MS = 120_000;
const CHANNEL = 'bench_folded';

/** Usage of one organization at its own rate, each record from its sending to its place in a folded window. */
export async function quietUsage(bed: HubBed): Promise<Quiet> {
  const { database } = bed;
  const make = (seed: number): Promise<UsedRevision> =>
    makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(seed), {
      concurrency: 80,
      maxInstances: 100,
      timeoutSeconds: 300,
    });
  const [own, noisy] = [await make(1), await make(2)];
  const folded = await Folded.of(database.ownerUrl, own);
  const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  let [position, windows, sent] = [0, 0, 0];
  const one = (of: UsedRevision, startMs: number): UsageRecord =>
    usageOf(of, (position += 400), { startMs, endMs: startMs + 90 });

  const quiet = async (): Promise<number[]> => {
    const took: Promise<number>[] = [];
    await everyTurn(async () => {
      windows += 1;
      const startMs = minute - windows * MINUTE_MS;
      const at = performance.now();
      await publish(bed, [one(own, startMs)]);
      took.push(folded.has(startMs).then(() => performance.now() - at));
    });
    return Promise.all(took);
  };
  const noise = (): Promise<void> =>
    everyTurn(async () => {
      const many = Array.from({ length: TIMES }, () => {
        sent += 1;
        return one(noisy, minute - (sent % NOISY_WINDOWS) * MINUTE_MS + (position % MINUTE_MS));
      });
      await publish(bed, many);
    });
  return {
    name: 'usage, from the gateway to a folded window',
    alone: quiet,
    beside: async () => {
      const [mine] = await Promise.all([quiet(), noise()]);
      await settled(bed);
      return mine;
    },
    about: () => `${sent} records of the noisy one, ${TIMES} for each of the quiet one's`,
    stop: () => folded.stop(),
  };
}

/** Calls at the quiet one's rate for a slice of time. */
async function everyTurn(work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  for (let turn = 0; (turn * 1_000) / QUIET_PER_SECOND < SLICE_MS; turn += 1) {
    await pause(Math.max(0, began + (turn * 1_000) / QUIET_PER_SECOND - performance.now()));
    await work();
  }
}

async function publish({ nats }: HubBed, records: UsageRecord[]): Promise<void> {
  const batch = { schemaVersion: 1 as const, records };
  await nats.bus.publish(usageSubject(records[0]?.gatewayId ?? ''), usageBatchSchema, batch);
}

async function settled({ database }: HubBed): Promise<void> {
  const none = async (): Promise<boolean> => {
    const [row] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM billing_dirty_windows');
    return row?.n === 0;
  };
  await until(none, { what: 'the folding of all usage', deadlineMs: SETTLED_MS });
}

/** Hears of the quiet one's windows from the database itself, at their COMMIT. */
class Folded {
  private readonly waiting = new Map<number, () => void>();
  private readonly seen = new Set<number>();

  private constructor(private readonly client: pg.Client) {
    client.on('notification', ({ payload }) => {
      const start = Number(payload);
      this.seen.add(start);
      this.waiting.get(start)?.();
    });
  }

  static async of(url: string, { organizationId }: UsedRevision): Promise<Folded> {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_notify('${CHANNEL}', NEW.window_start_ms::text); RETURN NULL; END $$`);
    await client.query(`CREATE TRIGGER bench_tell AFTER INSERT OR UPDATE ON billing_windows FOR EACH ROW
      WHEN (NEW.organization_id = '${organizationId}') EXECUTE FUNCTION bench_tell()`);
    await client.query(`LISTEN ${CHANNEL}`);
    return new Folded(client);
  }

  has(windowStartMs: number): Promise<void> {
    if (this.seen.has(windowStartMs)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.set(windowStartMs, resolve));
  }

  stop(): Promise<void> {
    return this.client.end();
  }
}
