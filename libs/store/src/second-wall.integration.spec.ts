import { testDatabase, type TestDatabase } from '#libs/testing';
import pg from 'pg';
import { OURS, THEIRS, plant } from './tenant-rows.rig.js';

/**
 * Row-level security with every filter of the stores gone: statements without any WHERE, as the api's role bound to one
 * organization. Generated from the catalog, so a table that is added later is tried too.
 */
const TABLES = `
  SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
    has_table_privilege('towpath_api', c.oid, 'SELECT') OR has_any_column_privilege('towpath_api', c.oid, 'SELECT') AS read,
    has_table_privilege('towpath_api', c.oid, 'UPDATE') AS change,
    has_table_privilege('towpath_api', c.oid, 'DELETE') AS remove,
    has_table_privilege('towpath_api', c.oid, 'INSERT') AS add
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organization_id')
  GROUP BY c.oid, c.relname ORDER BY c.relname`;

interface Table {
  name: string;
  columns: string[];
  read: boolean;
  change: boolean;
  remove: boolean;
  add: boolean;
}

describe('row-level security without any filter of ours', () => {
  let database: TestDatabase;
  let api: pg.Client;
  let owner: pg.Client;
  let tables: Table[];

  /** Runs it bound to our organization, and undoes it. */
  const bound = async <T>(work: () => Promise<T>): Promise<T> => {
    await api.query('BEGIN');
    try {
      await api.query(`SELECT set_config('towpath.organization_id', $1, true)`, [OURS]);
      return await work();
    } finally {
      await api.query('ROLLBACK');
    }
  };
  const counted = (sql: string): Promise<number | null> => bound(async () => (await api.query(sql)).rowCount);

  beforeAll(async () => {
    database = await testDatabase();
    [api, owner] = [
      new pg.Client({ connectionString: database.apiUrl }),
      new pg.Client({ connectionString: database.ownerUrl }),
    ];
    await Promise.all([api.connect(), owner.connect()]);
    // Rows of their own, without the things they refer to.
    await owner.query('SET session_replication_role = replica');
    tables = (await owner.query<Table>(TABLES)).rows;
    for (const { name } of tables) {
      await plant(owner, name, OURS, 1);
      await plant(owner, name, THEIRS, 2);
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all([api.end(), owner.end()]);
    await database.drop();
  });

  it('knows the tenant tables', () => {
    expect(tables.length).toBeGreaterThan(20);
    console.log(
      `${tables.length} tenant tables, each read, changed, removed from and written to across tenants`,
    );
  });

  it('shows, changes and removes our rows only', async () => {
    const wrong: string[] = [];
    for (const table of tables) {
      const { name } = table;
      const tries: [boolean, string, string][] = [
        [table.read, 'read', `SELECT 1 FROM "${name}"`],
        [table.change, 'change', `UPDATE "${name}" SET organization_id = organization_id`],
        [table.remove, 'remove', `DELETE FROM "${name}"`],
      ];
      for (const [allowed, verb, sql] of tries) {
        const rows = await counted(sql).catch((error: { code?: string }) => error.code);
        if (rows !== (allowed ? 1 : '42501')) wrong.push(`${verb} ${name}: ${rows}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('takes no row of another organization, and gives none away', async () => {
    const wrong: string[] = [];
    for (const { name, columns, add, change, read } of tables) {
      const list = columns.map((column) => `"${column}"`).join(', ');
      const copied = columns.map((column) => (column === 'organization_id' ? `'${THEIRS}'` : `"${column}"`));
      const tries = [
        ...(add && read
          ? [`INSERT INTO "${name}" (${list}) SELECT ${copied.join(', ')} FROM "${name}"`]
          : []),
        ...(change ? [`UPDATE "${name}" SET organization_id = '${THEIRS}'`] : []),
      ];
      for (const sql of tries) {
        const code = await counted(sql).catch((error: { code?: string }) => error.code);
        if (code !== '42501') wrong.push(`${name}: ${code}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('shows nothing while no organization is bound', async () => {
    for (const { name, read } of tables.filter((table) => table.read)) {
      const { rowCount } = await api.query(`SELECT 1 FROM "${name}"`);
      expect([name, read, rowCount]).toEqual([name, true, 0]);
    }
  });

  it('has no view and no function that sees more than who calls it', async () => {
    const views = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
       AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)`,
    );
    const functions = await database.query<{ name: string; config: string[] | null; open: boolean }>(
      `SELECT proname AS name, proconfig AS config, has_function_privilege('public', oid, 'EXECUTE') AS open
       FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY proname`,
    );
    expect(views).toEqual([]);
    const known = [
      ...['count_gpu_class_services', 'find_api_key', 'find_person', 'list_cluster_holdings'],
      'list_organizations',
    ];
    expect(functions.map(({ name }) => name)).toEqual(known);
    for (const { config, open } of functions) expect([config, open]).toEqual([['search_path=public'], false]);
  });
});
