import {
  changesOf,
  mergeChanges,
  windowSpan,
  type Interval,
  type WindowFacts,
  type WindowKey,
} from '#libs/domain';
import {
  makeUsedRevision,
  seededRandom,
  testDatabase,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import pg from 'pg';
import { storedFacts } from './window-facts.sql.js';
import { findWindowFacts } from './window-facts.store.js';

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

/** How a statement about one window looks things up, as a tenant asks it: by each look-up its index and what is known of it. */
async function lookUps(text: string): Promise<{ index: string; known: string }[]> {
  const key = [[0], [ORGANIZATION], ['svc_1'], ['rev_1'], ['default'], [60_000], [Number.MAX_SAFE_INTEGER]];
  const { rows } = await tenant.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, key);
  const lines = rows.map((row) => row['QUERY PLAN']);
  return lines.flatMap((line, i) => {
    const index = / using (\w+) /.exec(line)?.[1];
    return index === undefined
      ? []
      : { index, known: /Index Cond: (.*)/.exec(lines[i + 1] ?? '')?.[1] ?? '' };
  });
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
    const found = (await lookUps(storedFacts[name].text)).find((one) => one.index === index);
    expect(found?.known).toMatch(new RegExp(`\\b${column} >`));
    expect(found?.known).toMatch(new RegExp(`\\b${column} <`));
  });
});

const START = Date.UTC(2026, 9, 10);

/** Requests of a whole window and of the seconds before it, in no order. */
function requests(count: number): Interval[] {
  return Array.from({ length: count }, (_one, n) => {
    const startMs = START - 3_000 + ((n * 7_919) % 63_000);
    return { startMs, endMs: startMs + 1 + ((n * 31) % 9_000) };
  });
}

async function keep(of: UsedRevision, list: readonly Interval[]): Promise<void> {
  const { producer, organizationId, projectId, serviceId, revisionId, gatewayId } = of;
  await database.query(
    `INSERT INTO usage_records (producer, position, organization_id, project_id, service_id, revision_id, gateway_id, region,
       price_zone, stream_id, part, last, start_ms, end_ms, request_bytes, response_bytes, status, flags, reached, attempts,
       billable)
     SELECT $1, n, $2, $3, $4, $5, $6, 'local', 'default', n::text, 0, true, start_ms, end_ms, 10, 100, 200, '-', true, 1, true
     FROM unnest($7::bigint[], $8::bigint[]) WITH ORDINALITY AS t (start_ms, end_ms, n)`,
    [
      ...[producer, organizationId, projectId, serviceId, revisionId, gatewayId],
      list.map(({ startMs }) => startMs),
      list.map(({ endMs }) => endMs),
    ],
  );
}

function factsOf(key: WindowKey): Promise<WindowFacts> {
  return database.db.asSystem(async (tx) => {
    for await (const facts of findWindowFacts(tx, [key])) return facts;
    throw new Error('nothing was told of the window');
  });
}

it('a busy window is told some seconds at a time, and is what its requests are one by one', async () => {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(1), {
    concurrency: 80,
    maxInstances: 100,
    timeoutSeconds: 300,
  });
  const all = requests(5_000);
  await keep(of, all);
  const span = windowSpan(START);
  const begun = all.filter(({ startMs }) => startMs >= span.startMs && startMs < span.endMs);
  const { organizationId, projectId, serviceId, revisionId } = of;
  const key = {
    organizationId,
    projectId,
    serviceId,
    revisionId,
    priceZone: 'default',
    windowStartMs: START,
  };
  const { changes, lengths, counts } = await factsOf(key);
  const moved = mergeChanges(changes).filter(({ delta }) => delta !== 0);
  expect(moved).toEqual(changesOf(all, span).filter(({ delta }) => delta !== 0));
  expect(counts).toEqual({
    requests: BigInt(begun.length),
    notBillableRequests: 0n,
    requestBytes: BigInt(10 * begun.length),
    responseBytes: BigInt(100 * begun.length),
  });
  const each = lengths.flatMap(({ lengthMs, count }) => Array<number>(count).fill(lengthMs));
  expect(each.sort((a, b) => a - b)).toEqual(
    begun.map((one) => one.endMs - one.startMs).sort((a, b) => a - b),
  );
});

it('streams in parts are looked up one by one, also where the planner has seen none yet', async () => {
  await database.query('ANALYZE usage_records');
  expect(await lookUps(storedFacts.begunParts.text)).toMatchObject([{ index: 'usage_records_start' }]);
  expect(await lookUps(storedFacts.beginningParts.text)).toEqual([
    { index: 'usage_records_start', known: expect.stringContaining('start_ms >=') as string },
    { index: 'usage_records_parts', known: expect.stringContaining('stream_id =') as string },
  ]);
});
