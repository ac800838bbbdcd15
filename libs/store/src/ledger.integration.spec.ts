import { formatRatio, owing, parseRatio, type LedgerEntry, type SignedSeal } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { insertSeal, lastSeal, linesOfSeals } from './ledger-seal.store.js';
import { sumLedgerLines } from './ledger-window.store.js';
import { appendEntry, entriesOfSeals, ledgerBalances, listEntries, takeUnsealed } from './ledger.store.js';
import { acquireLease, underLease, type Lease } from './lease.store.js';

const OURS = 'org_00000000000000000001';
const THEIRS = 'org_00000000000000000002';
const AT = Date.UTC(2026, 10, 21, 14);

let database: TestDatabase;
let lease: Lease;
let made = 0;

beforeAll(async () => {
  database = await testDatabase();
  const ask = { name: 'test', owner: 'me', now: AT, lifeMs: 3_600_000 };
  lease = (await database.db.asSystem((tx) => acquireLease(tx, ask))) as Lease;
});
afterAll(() => database.drop());

const entry = (change: Partial<LedgerEntry> = {}): LedgerEntry => {
  made += 1;
  return {
    organizationId: OURS,
    id: `ent_${String(made).padStart(20, '0')}`,
    key: `payment/${made}`,
    kind: 'payment',
    currency: 'USD',
    actorId: 'key_1',
    createdAt: AT,
    postings: owing('payments', parseRatio('-10.5')),
    ...change,
  };
};
const seal = (number: number, change: Partial<SignedSeal> = {}): SignedSeal => ({
  organizationId: OURS,
  number,
  kind: 'entries',
  position: 4,
  streamSequence: 9,
  lines: 0,
  entries: 0,
  root: 'aa',
  previous: '',
  sealedAt: AT,
  kid: 'kid',
  hash: 'bb',
  signature: 'AAEC',
  ...change,
});
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

describe('entries', () => {
  it('are written once by their key, with their note, exact to the third', async () => {
    const first = entry({ kind: 'adjustment', postings: owing('adjustments', parseRatio('-1/3')) });
    const again = { ...first, id: entry().id, postings: owing('adjustments', parseRatio('5')) };
    const write = (one: LedgerEntry, note?: string) =>
      database.db.inTenant(OURS, (tx) => appendEntry(tx, one, note));
    const written = await write(first, 'goodwill');
    expect(written).toEqual({ ...first, postings: written.postings, note: 'goodwill' });
    expect(await write(again)).toEqual(written);
    const balances = await database.db.inTenant(OURS, (tx) => ledgerBalances(tx, OURS));
    expect([...balances.keys()]).toEqual(['USD']);
    expect(
      [...(balances.get('USD') ?? [])].map(([account, amount]) => [account, formatRatio(amount)]),
    ).toEqual([
      ['adjustments', '1/3'],
      ['balance', '-1/3'],
    ]);
  });

  it('are shown newest first, a page at a time, to their organization only', async () => {
    for (let i = 0; i < 3; i++)
      await database.db.asSystem((tx) => appendEntry(tx, entry({ organizationId: THEIRS })));
    const list = (after?: string) =>
      database.db.inTenant(THEIRS, (tx) =>
        listEntries(tx, THEIRS, { limit: 2, ...(after ? { after } : {}) }),
      );
    const page = await list();
    expect(page).toHaveLength(2);
    expect(await list(page.at(-1)?.id)).toHaveLength(1);
    expect(await database.db.inTenant(OURS, (tx) => listEntries(tx, THEIRS, { limit: 9 }))).toEqual([]);
  });

  it('of usage and invoices are not the api to write', async () => {
    const usage = entry({ kind: 'usage', windowStartMs: 0 });
    expect(await refusal(database.db.inTenant(OURS, (tx) => appendEntry(tx, usage)))).toMatch(
      'row-level security',
    );
    const invoice = entry({ kind: 'invoice' });
    expect(await refusal(database.db.inTenant(OURS, (tx) => appendEntry(tx, invoice)))).toMatch(
      'row-level security',
    );
    expect(await refusal(database.db.asSystem((tx) => appendEntry(tx, invoice)))).toBe('done');
  });

  it('that do not sum to zero are refused by the database too', async () => {
    const { id } = await database.db.asSystem((tx) => appendEntry(tx, entry()));
    const sql = `INSERT INTO ledger_postings VALUES ($1, $2, 'tax', 1, 1)`;
    expect(await refusal(database.query(sql, [OURS, id]))).toMatch('does not sum to zero');
  });
});

describe('seals', () => {
  it('cover lines and entries, and what they cover is not touched again', async () => {
    const { id } = await database.db.asSystem((tx) => appendEntry(tx, entry()));
    const line = {
      ...{ windowStartMs: AT, projectId: 'prj', serviceId: 'svc', revisionId: '', priceZone: 'default' },
      ...{ planId: 'p', planVersion: 1, item: 'cpu' },
      ...{
        measured: { units: 125n, scale: 2 },
        multiplier: { units: 1n, scale: 0 },
        amount: parseRatio('-2/3'),
      },
    };
    const sealed = seal(1, { kind: 'window', windowStartMs: AT, lines: 1, entries: 1 });
    await underLease(database.db, lease, async (tx) => {
      const open = await takeUnsealed(tx, OURS);
      expect(open.map((one) => one.id)).toContain(id);
      await insertSeal(tx, sealed, [line], [id]);
    });
    const read = await database.db.inTenant(OURS, async (tx) => ({
      last: await lastSeal(tx, OURS),
      lines: await linesOfSeals(tx, OURS, [1]),
      entries: (await entriesOfSeals(tx, OURS, [1])).map((one) => one.id),
      sums: await sumLedgerLines(tx, { organizationId: OURS, fromMs: AT, toMs: AT + 1 }),
    }));
    expect(read).toEqual({
      last: sealed,
      lines: [{ sealNumber: 1, ordinal: 0, line }],
      entries: [id],
      sums: [line],
    });
    const late = `INSERT INTO ledger_postings VALUES ($1, $2, 'tax', 1, 3)`;
    expect(await refusal(database.query(late, [OURS, id]))).toMatch('is sealed');
    const other = `UPDATE ledger_entries SET seal_number = NULL WHERE id = $1`;
    expect(await refusal(database.query(other, [id]))).toMatch('only added to');
  });
});

describe('the ledger is only added to', () => {
  const TABLES = [
    'ledger_seals',
    'ledger_lines',
    'ledger_entries',
    'ledger_postings',
    'ledger_windows',
    'ledger_days',
  ];

  it.each(TABLES)('%s: by no role of the hub', async (table) => {
    const [rights] = await database.query<{ no: boolean }>(
      `SELECT NOT bool_or(has_table_privilege(role, $1, verb)) AS no
       FROM unnest(ARRAY['towpath_api', 'towpath_system']) role, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) verb`,
      [table],
    );
    expect(rights?.no).toBe(true);
  });

  it.each(TABLES)('%s: not by the owner either', async (table) => {
    await database.query(
      `INSERT INTO ledger_windows (organization_id, start_ms) VALUES ($1, 0) ON CONFLICT DO NOTHING`,
      [OURS],
    );
    await database.query(
      `UPDATE ledger_windows SET closed_at = now(), position = 1, seal_number = 1 WHERE closed_at IS NULL`,
    );
    await database.query(
      `INSERT INTO ledger_days SELECT organization_id, day, number, number, hash, previous, hash, kid, signature
       FROM ledger_seals ORDER BY number LIMIT 1 ON CONFLICT DO NOTHING`,
    );
    const column = table === 'ledger_windows' ? 'position' : 'organization_id';
    const change = column === 'position' ? 'position + 1' : `organization_id || 'x'`;
    for (const sql of [
      `UPDATE ${table} SET ${column} = ${change}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ])
      expect(await refusal(database.query(sql))).toMatch(/only added to|never changes/);
  });
});
