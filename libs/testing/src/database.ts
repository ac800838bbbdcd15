import { Database } from '#libs/store';
import pg from 'pg';
import { testEnvironment } from './environment.js';

/** A migrated, empty database of one test file's own. */
export interface TestDatabase {
  /** Login of the owner (a superuser: sees past row-level security). */
  ownerUrl: string;
  /** Login of role towpath_api. */
  apiUrl: string;
  /** Login of role towpath_system. */
  systemUrl: string;
  /** Both roles, as a process would open them; closed by `drop`. */
  db: Database;
  /** Runs SQL as the owner and returns its rows, for looking behind the stores. */
  query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

let count = 0;

/** Copies the migrated template (about 50 ms). Call in beforeAll, `drop` in afterAll. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = testEnvironment('TEST_DATABASE_URL');
  const template = testEnvironment('TEST_DATABASE_TEMPLATE');
  const name = `test_${process.pid}_${process.env['JEST_WORKER_ID'] ?? '0'}_${++count}`;
  await once(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const login = (user?: string, password?: string): string => {
    const url = new URL(server);
    url.pathname = `/${name}`;
    if (user !== undefined && password !== undefined) [url.username, url.password] = [user, password];
    return url.href;
  };
  const ownerUrl = login();
  const apiUrl = login('towpath_api', testEnvironment('TEST_API_PASSWORD'));
  const systemUrl = login('towpath_system', testEnvironment('TEST_SYSTEM_PASSWORD'));
  const db = Database.open({ apiUrl, systemUrl, poolSize: 5 });
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 2 });
  // DROP … WITH (FORCE) may still meet a session on its way out; its last word is no failure of the test.
  owner.on('error', () => undefined);
  return {
    ownerUrl,
    apiUrl,
    systemUrl,
    db,
    query: async <Row>(sql: string, values: readonly unknown[] = []) =>
      (await owner.query(sql, [...values])).rows as Row[],
    drop: async () => {
      await Promise.all([db.close(), owner.end()]);
      await once(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
