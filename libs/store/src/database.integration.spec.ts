import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { createLogger } from '#libs/process';
import { testDatabase, until, type TestDatabase } from '#libs/testing';
import { Database, isUniqueViolation } from './database.js';
import { statement } from './statement.js';

const insertOrganization = statement<unknown>(
  'spec_insert_organization',
  `INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, now())`,
);
const listOrganizations = statement<{ id: string }>(
  'spec_list_organizations',
  'SELECT id FROM organizations ORDER BY id',
);
const echo = statement<{ value: number }>('spec_echo', 'SELECT $1::int AS value');

const TENANT_TABLES_WITHOUT_POLICY = `
  SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
  WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    AND has_table_privilege('towpath_api', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`;

/** PostgreSQL's message that a session may ask now, and the one by which it ends it (protocol 3.0). */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const FIELDS = Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0', 'latin1');
const FATAL = Buffer.concat([Buffer.from('E\0\0\0', 'latin1'), Buffer.of(FIELDS.length + 4), FIELDS]);

/** Stands before the server; the first session ends in the same breath in which it is ready. */
async function dyingServer(url: URL): Promise<net.Server> {
  let isFirst = true;
  const proxy = net.createServer((near) => {
    const far = net.connect(Number(url.port), url.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('close', () => other.destroy()).on('error', () => other.destroy());
    near.pipe(far);
    far.on('data', (part: Buffer) => {
      const dies = isFirst && part.subarray(-READY.length).equals(READY);
      if (!dies) return near.write(part);
      isFirst = false;
      return near.end(Buffer.concat([part, FATAL]));
    });
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return proxy;
}

describe('transactions bound to a role', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  it('shows a tenant its own rows only, and nothing without a tenant', async () => {
    const { db } = database;
    for (const id of ['org_a', 'org_b']) await db.inTenant(id, (tx) => tx.run(insertOrganization, [id, id]));
    expect(await db.inTenant('org_a', (tx) => tx.run(listOrganizations))).toEqual([{ id: 'org_a' }]);
    expect(await db.asApi((tx) => tx.run(listOrganizations))).toEqual([]);
    expect(await db.asSystem((tx) => tx.run(listOrganizations))).toHaveLength(2);
  });

  it('refuses a write into another tenant', async () => {
    const attempt = database.db.inTenant('org_a', (tx) => tx.run(insertOrganization, ['org_c', 'c']));
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
  });

  it('rolls back what throws, and names a unique violation', async () => {
    const { db } = database;
    const planted = db.inTenant('org_d', async (tx) => {
      await tx.run(insertOrganization, ['org_d', 'd']);
      throw new Error('planted');
    });
    await expect(planted).rejects.toThrow('planted');
    expect(await db.asSystem((tx) => tx.run(listOrganizations))).toHaveLength(2);
    const twice = await db
      .inTenant('org_a', (tx) => tx.run(insertOrganization, ['org_a', 'a']))
      .catch((e: unknown) => e);
    expect(isUniqueViolation(twice)).toBe(true);
    expect(isUniqueViolation(new Error('other'))).toBe(false);
  });

  it('does not pass for committed what PostgreSQL rolled back', async () => {
    const { db } = database;
    const planted = db.asSystem(async (tx) => {
      await tx.run(insertOrganization, ['org_e', 'e']);
      await tx.run(insertOrganization, ['org_a', 'again']).catch(() => undefined);
    });
    await expect(planted).rejects.toThrow('rolled back');
    expect(await db.asSystem((tx) => tx.run(listOrganizations))).toHaveLength(2);
  });

  it('answers each of what is asked at once by a transaction that only reads', async () => {
    const { db } = database;
    const asked = await db.readAsSystem((tx) => Promise.all([1, 2, 3].map((value) => tx.one(echo, [value]))));
    expect(asked).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }]);
    const write = db.readAsSystem((tx) => tx.run(insertOrganization, ['org_f', 'f']));
    await expect(write).rejects.toMatchObject({ code: '25006' });
    const failed = db.readAsSystem((tx) =>
      Promise.all([tx.run(listOrganizations), tx.one(echo, ['no number'])]),
    );
    await expect(failed).rejects.toMatchObject({ code: '22P02' });
    expect(await db.readAsSystem((tx) => tx.run(listOrganizations))).toHaveLength(2);
  });

  it("gives the server's time", async () => {
    const clock = await database.db.clock(createLogger('test', 'silent'));
    const [row] = await database.query<{ ms: string }>(
      `SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms`,
    );
    expect(Math.abs(clock.now() - Number(row?.ms))).toBeLessThan(5_000);
  });

  it('wakes who listens, also after its session was ended', async () => {
    let woken = 0;
    const end = await database.db.listen('spec', () => (woken += 1));
    await database.db.notify('spec');
    await until(() => woken >= 2, { deadlineMs: 10_000, what: 'a wake (and the one at connect)' });
    await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`);
    const before = woken;
    await until(() => woken > before, { deadlineMs: 10_000, what: 'the wake after reconnecting' });
    await end();
  });

  it('fails a transaction whose session ends as it begins, and nothing else', async () => {
    const proxy = await dyingServer(new URL(database.systemUrl));
    const url = new URL(database.systemUrl);
    url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const db = Database.open({ systemUrl: url.href });
    await expect(db.asSystem((tx) => tx.one(echo, [1]))).rejects.toThrow(/connection|terminat/);
    expect(await db.asSystem((tx) => tx.one(echo, [2]))).toEqual({ value: 2 });
    await db.close();
    proxy.close();
  });

  it('leaves no tenant table the api reaches without forced row-level security', async () => {
    expect(await database.query(TENANT_TABLES_WITHOUT_POLICY)).toEqual([]);
  });

  it('lets nobody change a revision', async () => {
    const triggers = await database.query<{ tgname: string }>(
      `SELECT tgname FROM pg_trigger WHERE tgrelid = 'revisions'::regclass AND NOT tgisinternal`,
    );
    expect(triggers.map((row) => row.tgname)).toContain('revisions_immutable');
  });
});
