import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import type { Faults } from './faults.js';
import type { Platform } from './tenant.js';
import { until } from './until.js';

/** What a pass could write; `xmin` and `ctid` change with every write of a row, also of the same values. */
const TABLES = ['services', 'revisions', 'operations', 'placements', 'targets', 'routes', 'builds', 'outbox'];
const RESYNC_MS = 60_000;
/** Longer than the scale window of the platform under test. */
const REST_MS = 9_000;

/** By name, what changes with every write. */
export type Marks = () => Promise<Record<string, string>>;

/** Whether the hub still writes: row versions and the sequences of what agents and gateways are shown. */
export class HubInside {
  private constructor(
    private readonly db: pg.Client,
    private readonly nc: NatsConnection,
    private readonly faults: Faults,
  ) {}

  static async open(platform: Platform, faults: Faults): Promise<HubInside> {
    const key = (name: string): string => readFileSync(path.join(platform.dataDir, 'keys', name), 'utf8');
    const { ports } = faults.run;
    const db = new pg.Client({
      connectionString: `postgresql://postgres:${key('postgres.password').trim()}@127.0.0.1:${ports['postgres']}/towpath`,
    });
    db.on('error', () => undefined);
    await db.connect();
    const creds = new TextEncoder().encode(key('hub.creds'));
    const servers = `127.0.0.1:${ports['nats']}`;
    const nc = await connect({ servers, authenticator: credsAuthenticator(creds), name: 'story' });
    return new HubInside(db, nc, faults);
  }

  async close(): Promise<void> {
    await Promise.all([this.db.end(), this.nc.close()]);
  }

  /** What changes with every write. */
  async marks(): Promise<Record<string, string>> {
    const marks: Record<string, string> = {};
    for (const table of TABLES) {
      const { rows } = await this.db.query<{ mark: string }>(
        `SELECT count(*) || ' ' || coalesce(md5(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid)), '') AS mark FROM ${table}`,
      );
      marks[table] = rows[0]?.mark ?? '';
    }
    const jsm = await jetstreamManager(this.nc);
    for await (const { config, state } of jsm.streams.list())
      if (config.name === 'KV_routes' || config.name.startsWith('KV_targets_'))
        marks[config.name] = String(state.last_seq);
    return marks;
  }

  /** Rows of a question to the database, past row-level security. */
  async query<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.db.query(sql, [...values])).rows as Row[];
  }

  /** Rows that the outbox keeps, and messages of the stream they went to. */
  async outbox(): Promise<{ rows: number; messages: number }> {
    const { rows } = await this.db.query<{ n: string }>(
      'SELECT count(*) AS n FROM outbox WHERE sent_at IS NOT NULL',
    );
    const { state } = await (await jetstreamManager(this.nc)).streams.info('HUB');
    return { rows: Number(rows[0]?.n), messages: state.messages };
  }

  /** Streams of what agents and gateways are shown. */
  async projections(): Promise<string[]> {
    const rows = await this.query<{ id: string }>('SELECT id FROM clusters WHERE joined_at IS NOT NULL');
    return ['KV_routes', ...rows.map(({ id }) => `KV_targets_${id}`)];
  }

  /** Takes everything out of a stream, or the stream itself away. */
  async lose(stream: string, how: 'emptied' | 'deleted'): Promise<void> {
    const { streams } = await jetstreamManager(this.nc);
    await (how === 'emptied' ? streams.purge(stream) : streams.delete(stream));
  }

  /** What rows that count (of standing services that are not held back) say and KV does not show so; also the callers' keys. */
  async notShown(): Promise<string[]> {
    const rows = await this.query<{ stream: string; subject: string; body: unknown }>(
      `WITH counting AS (SELECT id FROM services WHERE removed_at IS NULL
         AND id NOT IN (SELECT service_id FROM held_services WHERE released_at IS NULL))
       SELECT 'KV_routes' AS stream, '$KV.routes.' || replace(r.host, '.', '/') AS subject, r.body
       FROM routes r JOIN counting s ON s.id = r.service_id
       UNION ALL
       SELECT 'KV_targets_' || t.cluster_id, '$KV.targets_' || t.cluster_id || '.service.' || t.service_id, t.body
       FROM targets t JOIN counting s ON s.id = t.service_id`,
    );
    const wanted = [...rows, { stream: 'KV_routes', subject: '$KV.routes._caller-keys', body: undefined }];
    const missing = await Promise.all(
      wanted.map(async ({ stream, subject, body }) => {
        const shown = await this.shown(stream, subject);
        return shown !== undefined && (body === undefined || isDeepStrictEqual(shown, body)) ? [] : [subject];
      }),
    );
    return missing.flat();
  }

  private async shown(stream: string, subject: string): Promise<unknown> {
    const jsm = await jetstreamManager(this.nc);
    const message = await jsm.streams.getMessage(stream, { last_by_subj: subject }).catch(() => undefined);
    return message?.json();
  }

  /** Has every service looked at again, as an agent that comes back asks for; resolves when all passes are done. */
  async resync(): Promise<void> {
    const { rows } = await this.db.query<{ id: string }>(
      'SELECT id FROM clusters WHERE joined_at IS NOT NULL',
    );
    const standing = await this.standing();
    const before = await this.passes();
    for (const { id } of rows) await this.nc.request(`resync.${id}`, '', { timeout: 10_000 });
    await until(
      'a pass over every service',
      RESYNC_MS,
      async () => (await this.passes()) >= before + standing,
    );
  }

  /**
   * Resolves when nothing was written for longer than an instance without work lives; gives the marks.
   * @param beside what else shows writes
   */
  async rest(beside: Marks = () => Promise.resolve({})): Promise<Record<string, string>> {
    const marks: Marks = async () => ({ ...(await this.marks()), ...(await beside()) });
    let last = await marks();
    let since = Date.now();
    return until('the hub to rest', RESYNC_MS, async () => {
      const now = await marks();
      if (JSON.stringify(now) !== JSON.stringify(last)) since = Date.now();
      last = now;
      return Date.now() - since > REST_MS && now;
    });
  }

  private async standing(): Promise<number> {
    const { rows } = await this.db.query<{ n: string }>(
      'SELECT count(*) AS n FROM services WHERE removed_at IS NULL',
    );
    return Number(rows[0]?.n);
  }

  private async passes(): Promise<number> {
    return this.metric('deployer', 'towpath_deployer_passes_total');
  }

  /** A metric summed over its labels and over the replicas of a process. */
  async metric(process: string, name: string): Promise<number> {
    const replicas = Object.entries(this.faults.run.urls).filter(
      ([one]) => one.replace(/-\d$/, '') === process,
    );
    const texts = await Promise.all(replicas.map(async ([, url]) => (await fetch(`${url}/metrics`)).text()));
    const lines = [...texts.join('\n').matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'gm'))];
    return lines.reduce((sum, [, count]) => sum + Number(count), 0);
  }
}
