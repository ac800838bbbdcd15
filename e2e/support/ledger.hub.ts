import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  makeTenantKey,
  makeUsedRevision,
  seededRandom,
  temporaryFolder,
  testDatabase,
  testNats,
  type TemporaryFolder,
  type TestDatabase,
  type TestNats,
  type UsedRevision,
  type usageOf,
} from '#libs/testing';
import { makeBilledByAll, type Built, type Told } from './ledger.times.js';
import { MOVED_TIME_PATH, makeHubTime } from './hub.time.js';
import { ProcessLife } from './process.life.js';
import { until } from './until.js';

export type Usage = ReturnType<typeof usageOf>;

/** An hour closes so long after its end, a month is invoiced so long after its own. */
export const GRACE_MS = 6 * 3_600_000;
export const INVOICE_GRACE_MS = 24 * 3_600_000;
/** The streams that billing takes in. */
const BILLED = ['USAGE', 'INSTANCES'];
/** Longer than a lease outlives who held it. */
const LEASE_MS = 6_000;
/** Twice what billing rests when it found no month to invoice, and what that takes on a slow machine. */
const DEADLINE_MS = 180_000;
/** Before any usage. */
const FIRST = Date.UTC(2026, 9, 31, 19);
const SHAPE = { concurrency: 2, maxInstances: 3, timeoutSeconds: 3_600 };

/**
 * Billing in a world of its own: a database and streams, and the hub's time, which is the database's and stands where a
 * story puts it. Of one seed the same ids come every time.
 */
export class LedgerHub {
  readonly tenants: UsedRevision[] = [];
  private readonly lives: ProcessLife[] = [];
  private readonly folder: TemporaryFolder = temporaryFolder();
  private readonly keys = new Map<string, string>();
  /** The longest that was told of each instance, in ms. */
  private readonly longest = new Map<string, number>();

  private constructor(
    private readonly database: TestDatabase,
    private readonly nats: TestNats,
  ) {}

  /** Two organizations that exist since October 2026, one of them the operator's, billed for requests, instances and builds. */
  static async open(seed: number): Promise<LedgerHub> {
    const hub = new LedgerHub(await testDatabase(), await testNats());
    const random = seededRandom(seed);
    writeFileSync(hub.at('hub.creds'), await hub.nats.credentials('hub'));
    writeFileSync(hub.at('master.key'), '7'.repeat(64));
    mkdirSync(hub.at('blobs'));
    await hub.takeTime();
    const query = (sql: string, values: readonly unknown[] = []): Promise<unknown> =>
      hub.database.query(sql, values);
    for (const platformOperator of [true, false]) {
      const made = await makeUsedRevision(query, random, SHAPE);
      hub.tenants.push(made);
      const key = await makeTenantKey(query, random, made.organizationId, { platformOperator });
      hub.keys.set(made.organizationId, key);
    }
    await makeBilledByAll(query, hub.tenants);
    await query(`UPDATE organizations SET created_at = '2026-10-01'`);
    await query(`UPDATE invoicing SET since = '2026-10'`);
    return hub;
  }

  /** The hub's time is that at least: it never goes back. Processes that run see it within seconds, new ones at once. */
  async timeIs(ms: number): Promise<void> {
    await this.database.query('UPDATE hub_time.moved SET ms = greatest(ms, $1)', [ms - Date.now()]);
  }

  /** A new life of billing; whoever had its leases before has let go of them. */
  async billing(env: Record<string, string> = {}): Promise<ProcessLife> {
    await this.database.query('UPDATE hub_time.moved SET ms = ms + $1', [LEASE_MS]);
    return this.beside(env);
  }

  /** A life of billing beside those that are. */
  async beside(env: Record<string, string> = {}): Promise<ProcessLife> {
    return this.begin('billing', {
      TOWPATH_SYSTEM_DATABASE_URL: this.database.systemUrl,
      TOWPATH_LEDGER_GRACE_SECONDS: String(GRACE_MS / 1_000),
      TOWPATH_INVOICE_GRACE_SECONDS: String(INVOICE_GRACE_MS / 1_000),
      ...env,
    });
  }

  /** The API over the same rows. */
  async api(): Promise<ProcessLife> {
    return this.begin('api', {
      TOWPATH_API_DATABASE_URL: this.database.apiUrl,
      TOWPATH_BLOBS_DIR: this.at('blobs'),
      TOWPATH_GATEWAY_PORT: '1',
    });
  }

  /** The text of the key of an organization's owner; the first organization's is the operator's too. */
  keyOf({ organizationId }: UsedRevision): string {
    return this.keys.get(organizationId) ?? '';
  }

  /** Sends these as a gateway does: a message of one sender. Again, it is a new message, as after the duplicate window. */
  async send(batch: readonly Usage[]): Promise<void> {
    for (const [gateway, records] of Map.groupBy(batch, ({ gatewayId }) => gatewayId))
      await this.publish(`usage.${gateway}`, { records });
  }

  /** Sends these as an agent does: a message of one cluster. */
  async tell(batch: readonly Told[]): Promise<void> {
    for (const { instanceId, startMs, untilMs } of batch)
      this.longest.set(instanceId, Math.max(this.longest.get(instanceId) ?? 0, untilMs - startMs));
    for (const [cluster, intervals] of Map.groupBy(batch, ({ clusterId }) => clusterId))
      await this.publish(`instances.${cluster}`, { intervals });
  }

  /** Keeps these as the deployer does when agents report; again, nothing changes. */
  async built(batch: readonly Built[]): Promise<void> {
    for (const { buildId, organizationId, projectId, serviceId, clusterId, startMs, endMs } of batch)
      await until('the rows to take a build', DEADLINE_MS, async () => {
        await this.database.query(
          `INSERT INTO build_times (build_id, organization_id, project_id, service_id, cluster_id, start_ms, end_ms)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (build_id) DO NOTHING`,
          [buildId, organizationId, projectId, serviceId, clusterId, startMs, endMs],
        );
        return true;
      });
  }

  /** As takenIn, where processes died: what they had in hand comes again at once, instead of after half a minute. */
  async takenInAgain(stored: number): Promise<void> {
    await this.redeliverAfter(1);
    await this.takenIn(stored);
    // as billing makes it: it starts with no other consumer
    await this.redeliverAfter(30);
  }

  /**
   * Resolves when so many records are stored and quarantined, every instance is known as long as it was told, no build waits to be taken
   * in, nothing to be folded and no message to be taken.
   */
  async takenIn(stored: number, quarantined = 0): Promise<void> {
    await this.holds(
      `${stored} records taken in`,
      `SELECT (SELECT count(*) FROM usage_records) = $1 AND (SELECT count(*) FROM usage_quarantine) = $2
         AND (SELECT coalesce(sum(until_ms - start_ms), 0) FROM instance_intervals) = $3
         AND NOT EXISTS (SELECT FROM build_times WHERE taken IS NULL)
         AND NOT EXISTS (SELECT FROM billing_dirty_windows) AS ok`,
      [stored, quarantined, [...this.longest.values()].reduce((sum, ms) => sum + ms, 0)],
    );
    await until('no message to wait', DEADLINE_MS, async () => {
      const jsm = await jetstreamManager(this.nats.bus.nc);
      const infos = await Promise.all(BILLED.map((stream) => jsm.consumers.info(stream, 'billing')));
      return infos.every(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0);
    });
  }

  /** Resolves when the ledger says what the usage says, of all hours. */
  async closed(): Promise<void> {
    await this.holds(
      'all hours closed',
      `SELECT bool_and(closed_at IS NOT NULL AND NOT unsettled) AS ok FROM ledger_windows`,
    );
  }

  /**
   * Resolves when so many months of every organization are invoiced, and all is in the ledger and under seals. A month may
   * come without an invoice: what came late for the former one need not be worth a cent.
   */
  async invoiced(each = 1): Promise<void> {
    await this.holds(
      'all months invoiced',
      `SELECT (SELECT count(*) FROM invoiced_months) = $1 AND NOT EXISTS (SELECT FROM ledger_due)
         AND NOT EXISTS (SELECT FROM ledger_entries WHERE seal_number IS NULL) AS ok`,
      [each * this.tenants.length],
    );
  }

  /** Resolves when a table holds anything. */
  someIn(table: 'usage_records' | 'ledger_seals' | 'invoiced_months'): Promise<void> {
    return this.holds(`something in ${table}`, `SELECT EXISTS (SELECT FROM ${table}) AS ok`);
  }

  rows<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>(sql, values);
  }

  /** What a gateway says of itself, as it does every 5 s. */
  async status(gatewayId: string, sentAt: number): Promise<void> {
    const status = { schemaVersion: 1, gatewayId, region: 'local', acknowledged: 0, sentAt };
    await jetstream(this.nats.bus.nc).publish(`$KV.gateways.${gatewayId}`, JSON.stringify(status));
  }

  async close(): Promise<void> {
    for (const life of this.lives) life.kill();
    await Promise.all([this.database.drop(), this.nats.release()]);
    this.folder.remove();
  }

  private async redeliverAfter(seconds: number): Promise<void> {
    await until('the consumers of billing', DEADLINE_MS, async () => {
      const jsm = await jetstreamManager(this.nats.bus.nc);
      for (const stream of BILLED)
        await jsm.consumers.update(stream, 'billing', { ack_wait: seconds * 1_000_000_000 });
      return true;
    });
  }

  private publish(subject: string, held: object): Promise<unknown> {
    const body = JSON.stringify({ schemaVersion: 1, ...held });
    return until(`the stream to take ${subject}`, DEADLINE_MS, async () => {
      await jetstream(this.nats.bus.nc).publish(subject, body);
      return true;
    });
  }

  private at(name: string): string {
    return path.join(this.folder.path, name);
  }

  private async begin(name: string, env: Record<string, string>): Promise<ProcessLife> {
    const life = await ProcessLife.begin(name, {
      NATS_URL: this.nats.url,
      TOWPATH_NATS_CREDS: this.at('hub.creds'),
      TOWPATH_MASTER_KEY_FILE: this.at('master.key'),
      ...env,
    });
    this.lives.push(life);
    return life;
  }

  /** The role of billing asks this schema's clock before PostgreSQL's own. */
  private async takeTime(): Promise<void> {
    await makeHubTime((sql, values) => this.database.query(sql, values), FIRST - Date.now());
    const [{ name } = { name: '' }] = await this.rows<{ name: string }>('SELECT current_database() AS name');
    await this.database.query(
      `ALTER ROLE towpath_system IN DATABASE ${name} SET search_path = ${MOVED_TIME_PATH}`,
    );
  }

  private async holds(what: string, sql: string, values: readonly unknown[] = []): Promise<void> {
    await until(
      what,
      DEADLINE_MS,
      async () => (await this.rows<{ ok: boolean }>(sql, values))[0]?.ok === true,
    );
  }
}
