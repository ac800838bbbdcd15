import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import { DatabaseClock } from './database.clock.js';
import { gatherWrites } from './gather-writes.js';
import { PrismaClient } from './generated/client.js';
import { Notifier } from './notifier.js';
import { Tx } from './statement.js';

export interface DatabaseOptions {
  /** Login of role towpath_api (under row-level security). */
  apiUrl?: string;
  /** Login of role towpath_system. */
  systemUrl?: string;
  /** Connections per role, default 10. */
  poolSize?: number;
}

// bigint and numeric come as strings unless told otherwise. Counters and versions of ours stay far below 2^53;
// sums of usage are cast to text in their statements, so that no JS number ever holds them.
const INT8 = 20;
pg.types.setTypeParser(INT8, Number);

/** How long the server keeps the locks of a transaction that says nothing: its process stands still. */
const IDLE_IN_TRANSACTION_MS = 15_000;
/**
 * A session that nothing asked for so long is given back. Shorter than what comes once in a while, each of that would be a new process of
 * the server, a new proof of the password, and statements that are planned again.
 */
const IDLE_SESSION_MS = 60_000;

/** The two pools of a process. Reads and writes can only be spelled inside `inTenant` or `asSystem`. */
export class Database {
  private client: PrismaClient | undefined;
  private time: DatabaseClock | undefined;
  private readonly notifier = new Notifier(async (channel) => {
    await (this.api ?? this.poolOf('system')).query('SELECT pg_notify($1, $2)', [channel, '']);
  });

  private constructor(
    private readonly api: pg.Pool | undefined,
    private readonly system: pg.Pool | undefined,
    private readonly reading: pg.Pool | undefined,
    private readonly options: DatabaseOptions,
  ) {}

  static open(options: DatabaseOptions): Database {
    const pool = (connectionString: string | undefined, pipeline: boolean): pg.Pool | undefined => {
      if (connectionString === undefined) return undefined;
      const made = new pg.Pool({
        connectionString,
        pipeline,
        max: options.poolSize ?? 10,
        connectionTimeoutMillis: 10_000,
        idleTimeoutMillis: IDLE_SESSION_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      });
      // A connection that dies is replaced by the pool, or fails the next query on it; without a listener it would end the
      // process, also between the moments in which the pool or a transaction listens.
      made.on('error', () => undefined);
      made.on('connect', (client) => client.on('error', () => undefined));
      return made;
    };
    const { apiUrl, systemUrl } = options;
    // COPY and Prisma, which the system's role uses, need one statement at a time: what only reads has sessions of its own.
    return new Database(pool(apiUrl, true), pool(systemUrl, false), pool(systemUrl, true), options);
  }

  /** Runs `work` in one transaction of the api's role that sees this organization's rows only. */
  inTenant<T>(organizationId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const bound = `BEGIN; SET LOCAL towpath.organization_id = ${pg.escapeLiteral(organizationId)}`;
    return this.transaction(this.poolOf('api'), work, bound);
  }

  /** Runs `work` in one transaction of the api's role that is bound to no tenant: platform tables only. */
  asApi<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.transaction(this.poolOf('api'), work);
  }

  /** Runs `work` in one transaction of the system role (deployer, relay, billing, events, identity). */
  asSystem<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.transaction(this.poolOf('system'), work);
  }

  /** Runs `work`, which only reads, in one transaction of the system role; what it asks at once goes to the server at once. */
  readAsSystem<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (!this.reading) throw new Error('this process has no system database role');
    return this.transaction(this.reading, work, 'BEGIN READ ONLY');
  }

  /** Prisma over the system role's pool, for queries at an operator's rate. */
  get prisma(): PrismaClient {
    this.client ??= new PrismaClient({ adapter: new PrismaPg(this.poolOf('system')) });
    return this.client;
  }

  /**
   * One NOTIFY outside any transaction (inside one it would serialize commits). Wakes, carries nothing; never rejects,
   * for whoever listens also polls, so that a wake which does not arrive only costs time.
   */
  notify(channel: string): Promise<void> {
    return this.notifier.notify(channel).catch(() => undefined);
  }

  /**
   * Calls back on every NOTIFY of the channel, over a session of its own that reconnects. Only wakes: whoever listens
   * also polls. Returns what ends it.
   */
  async listen(channel: string, onNotify: () => void): Promise<() => Promise<void>> {
    const listener = new Listener(this.options.systemUrl ?? this.options.apiUrl ?? '', channel, onNotify);
    await listener.connect();
    return () => listener.close();
  }

  /** Whether the server answers; for health only. */
  async ping(): Promise<void> {
    await (this.system ?? this.poolOf('api')).query('SELECT 1');
  }

  /** The hub's time (see DatabaseClock), once the server has answered; ends with `close`. */
  async clock(logger: Logger): Promise<Clock> {
    const pool = this.system ?? this.poolOf('api');
    const ask = `SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms`;
    this.time ??= new DatabaseClock(
      async () => Number((await pool.query<{ ms: string }>(ask)).rows[0]?.ms),
      logger,
    );
    await this.time.start();
    return this.time;
  }

  async close(): Promise<void> {
    await this.time?.stop();
    await this.client?.$disconnect();
    await Promise.all([this.api?.end(), this.system?.end(), this.reading?.end()]);
  }

  private poolOf(role: 'api' | 'system'): pg.Pool {
    const pool = role === 'api' ? this.api : this.system;
    if (!pool) throw new Error(`this process has no ${role} database role`);
    return pool;
  }

  /**
   * `begin`, then `work`. Where the pool sends ahead, the work does not wait for it: PostgreSQL shows a session that is
   * bound to no tenant no rows and takes none.
   */
  private async transaction<T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>, begin = 'BEGIN'): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      const { pipeline } = pool.options;
      const tx = new Tx(client, pipeline);
      if (pipeline) gatherWrites(client);
      const opening = client.query(begin);
      opening.catch(() => undefined);
      if (!pipeline) await opening;
      const result = await work(tx);
      await opening;
      const { command } = await client.query('COMMIT');
      // What PostgreSQL answers when a statement had failed and its error was passed over: nothing was kept.
      if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

const RECONNECT_MS = 1_000;

class Listener {
  private client: pg.Client | undefined;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly url: string,
    private readonly channel: string,
    private readonly onNotify: () => void,
  ) {}

  async connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => this.retry(client));
    client.on('end', () => this.retry(client));
    client.on('notification', () => this.onNotify());
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(this.channel)}`);
    this.client = client;
    this.onNotify();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private retry(client: pg.Client): void {
    if (this.closed || (this.client !== undefined && this.client !== client)) return;
    this.client = undefined;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect().catch(() => this.retry(client)), RECONNECT_MS);
  }
}

/** Whether PostgreSQL refused the write because the row exists (optionally: by that constraint or index). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const failure = error as { code?: string; constraint?: string };
  return failure.code === '23505' && (constraint === undefined || failure.constraint === constraint);
}
