import { testDatabase, type TestDatabase } from '#libs/testing';
import pg from 'pg';
import { storedFacts } from './window-facts.sql.js';

const ORGANIZATION = 'org_00000000000000000001';

let database: TestDatabase;
let tenant: pg.Client;
beforeAll(async () => {
  database = await testDatabase();
  tenant = new pg.Client({ connectionString: database.apiUrl });
  await tenant.connect();
  await tenant.query(`SET towpath.organization_id = '${ORGANIZATION}'`);
  // An empty table is read whole sooner than looked up in.
  await tenant.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
});
afterAll(async () => {
  await tenant.end();
  await database.drop();
});

/** What of a statement about one window is looked up in an index, as a tenant asks it. */
async function lookedUp(index: string, text: string): Promise<string[]> {
  const key = [[0], [ORGANIZATION], ['svc_1'], ['rev_1'], ['default'], [60_000], [Number.MAX_SAFE_INTEGER]];
  const { rows } = await tenant.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, key);
  const lines = rows.map((row) => row['QUERY PLAN']);
  return lines.flatMap((line, i) => (line.includes(` using ${index} `) ? (lines[i + 1] ?? '') : []));
}

describe('what a tenant asks of a window', () => {
  it.each([
    ['begun', 'usage_records_start', 'start_ms'],
    ['begunParts', 'usage_records_start', 'start_ms'],
    ['beginningParts', 'usage_records_start', 'start_ms'],
    ['crossing', 'usage_records_crossing', 'end_ms'],
    ['records', 'usage_records_start', 'start_ms'],
    ['running', 'instance_slices_reach', 'until_ms'],
    ['builds', 'build_times_start', 'start_ms'],
  ] as const)('%s reads no more than lies between its borders', async (name, index, column) => {
    const [found = ''] = await lookedUp(index, storedFacts[name].text);
    expect(found).toContain('Index Cond');
    expect(found).toMatch(new RegExp(`\\b${column} >`));
    expect(found).toMatch(new RegExp(`\\b${column} <`));
  });
});
