import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder, testDatabase, type TemporaryFolder, type TestDatabase } from '#libs/testing';
import { dumpDatabase, type DumpedDatabase } from './backup.dump.js';
import { restoreDatabase } from './backup.restore.js';
import { acquireLease, underLease } from './lease.store.js';
import { hubEpoch, raiseHubEpoch } from './hub.store.js';
import { statement } from './statement.js';

const namesSql = statement<{ name: string }>(
  'spec_backup_names',
  'SELECT name FROM organizations ORDER BY id',
);

// a tab, a line break, a backslash and half of COPY's own words
const ODD = 'a\tb\nc\\d\\N \\. ü';

const FORCED = `SELECT relname FROM pg_class WHERE relforcerowsecurity ORDER BY relname`;
const GRANTS = `SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants
  WHERE grantee LIKE 'towpath_%' ORDER BY 1, 2, 3`;

describe('a copy of the database', () => {
  let database: TestDatabase;
  let folder: TemporaryFolder;
  beforeEach(async () => {
    [database, folder] = [await testDatabase(), temporaryFolder()];
    await insert('org_before', ODD);
  });
  afterEach(() => {
    folder.remove();
    return database.drop();
  });

  const migrations = path.resolve('prisma/migrations');
  const insert = (id: string, name: string): Promise<unknown> =>
    database.query('INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, now())', [id, name]);
  const dump = (): Promise<DumpedDatabase> => dumpDatabase(database.ownerUrl, folder.path);
  const restore = (made: DumpedDatabase): Promise<void> =>
    restoreDatabase({ ownerUrl: database.ownerUrl, directory: folder.path, dump: made, migrations });

  it('brings back every row as it was, under the same walls, and takes away what came later', async () => {
    const [forced, grants] = [await database.query(FORCED), await database.query(GRANTS)];
    const made = await dump();
    await insert('org_later', 'later');
    await restore(made);
    expect(await database.query('SELECT id, name FROM organizations')).toEqual([
      { id: 'org_before', name: ODD },
    ]);
    expect(await database.query(FORCED)).toEqual(forced);
    expect(await database.query(GRANTS)).toEqual(grants);
    expect(await database.db.inTenant('org_other', (tx) => tx.run(namesSql))).toEqual([]);
    expect(await database.db.inTenant('org_before', (tx) => tx.run(namesSql))).toEqual([{ name: ODD }]);
    expect(made.tables.find(({ name }) => name === 'organizations')).toMatchObject({ rows: 1 });
  });

  it('raises the epoch above the highest of both, and makes every lease change hands', async () => {
    const { db } = database;
    const made = await dump();
    await db.asSystem((tx) => raiseHubEpoch(tx, 41));
    const ask = { name: 'deployer.0', owner: 'before', now: Date.now(), lifeMs: 60_000 };
    const lease = (await db.asSystem((tx) => acquireLease(tx, ask))) ?? { name: '', epoch: 0 };
    await restore(made);
    expect(await db.asSystem(hubEpoch)).toBe(43);
    await expect(underLease(db, lease, () => Promise.resolve())).rejects.toThrow('is lost');
    const taken = await db.asSystem((tx) => acquireLease(tx, { ...ask, owner: 'after' }));
    expect(taken?.epoch).toBeGreaterThan(lease.epoch);
  });

  it('keeps what clusters and gateways hold in their hands: members that joined later and newer renewal tokens', async () => {
    const gateway = `INSERT INTO gateways (id, region, joined_at) VALUES ('gw_later', 'here', now())`;
    const token = `INSERT INTO renewal_tokens (member_id, hash, kind, created_at) VALUES ('gw_later', $1, 'gateway', now())
      ON CONFLICT (member_id) DO UPDATE SET hash = excluded.hash`;
    await database.query(token, [Buffer.from('old')]);
    const made = await dump();
    await database.query(gateway);
    await database.query(token, [Buffer.from('new')]);
    await restore(made);
    expect(await database.query('SELECT id FROM gateways')).toEqual([{ id: 'gw_later' }]);
    expect(await database.query(`SELECT convert_from(hash, 'UTF8') AS hash FROM renewal_tokens`)).toEqual([
      { hash: 'new' },
    ]);
  });

  it('is all or nothing: a broken copy changes nothing', async () => {
    const made = await dump();
    await insert('org_later', 'later');
    const broken = {
      ...made,
      tables: [...made.tables, { name: 'organizations', columns: ['nothing'], rows: 0 }],
    };
    await expect(restore(broken)).rejects.toThrow();
    expect(await database.query('SELECT id FROM organizations ORDER BY id')).toHaveLength(2);
    expect(await database.query(FORCED)).not.toEqual([]);
  });

  it('of an older version is brought up to date; one of a newer version is refused', async () => {
    const made = await dump();
    const newer = { ...made, migrations: [...made.migrations, '9999_later'] };
    await expect(restore(newer)).rejects.toThrow('made by a newer version (it has 9999_later)');
    const older = made.migrations.filter((name) => name < '0002');
    const columns = ['id', 'name', 'status', 'created_at', 'version'];
    const organizations = `org_before\tof old\tactive\t2026-01-01 00:00:00+00\t1\n`;
    writeFileSync(path.join(folder.path, 'organizations.copy'), organizations);
    await restore({ migrations: older, tables: [{ name: 'organizations', columns, rows: 1 }] });
    const applied = await database.query('SELECT migration_name FROM _prisma_migrations');
    expect(applied).toHaveLength(made.migrations.length);
    expect(await database.db.inTenant('org_before', (tx) => tx.run(namesSql))).toEqual([{ name: 'of old' }]);
  });
});
