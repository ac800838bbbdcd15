import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { DumpedDatabase, DumpedTable } from './backup.dump.js';
import { KEEP, MERGE } from './backup.sql.js';
import { HISTORY, MIGRATION_LOCK, applyMigration, inTransaction, readMigrations } from './migrate.js';

export interface RestoreOptions {
  /** Login of the owner: a superuser, or the one that owns the database and schema. */
  ownerUrl: string;
  /** Folder of the dump's `<table>.copy` files. */
  directory: string;
  dump: DumpedDatabase;
  /** Folder of migrations of the running version. */
  migrations: string;
}

/** A deadlock with a hub that goes on working, or a lock that does not come. */
const TRY_AGAIN = new Set(['40P01', '55P03']);
const TRIES = 10;

const END_OTHERS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IN ('towpath_api', 'towpath_system')`;

/**
 * Replaces the whole database by a dump, in one transaction: whoever looks sees the old one or the new one. The schema
 * is made as it was at the dump and then brought up to date. The hub may go on working meanwhile: its connections are
 * cut, and what it has in hand fails, because every lease changes hands.
 */
export async function restoreDatabase(options: RestoreOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.ownerUrl });
  await client.connect();
  try {
    for (let left = TRIES; ; left--) {
      await client.query(END_OTHERS);
      try {
        await inTransaction(client, () => replace(client, options));
        break;
      } catch (error) {
        if (left === 1 || !TRY_AGAIN.has((error as { code?: string }).code ?? '')) throw error;
      }
    }
    // what they had prepared speaks of tables that are gone
    await client.query(END_OTHERS);
  } finally {
    await client.end();
  }
}

async function replace(client: pg.Client, options: RestoreOptions): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = '5s'`);
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  const keeps = await isThere(client, 'hub');
  if (keeps) await client.query(KEEP);
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await client.query('GRANT USAGE ON SCHEMA public TO towpath_api, towpath_system');
  await client.query(HISTORY);
  const { before, after } = split(options);
  for (const migration of before) await applyMigration(client, migration);
  await fill(client, options);
  for (const migration of after) await applyMigration(client, migration);
  await client.query(MERGE(keeps));
}

/** @throws when the dump is of a newer version than this one */
function split({ dump, migrations }: RestoreOptions) {
  const known = readMigrations(migrations);
  const unknown = dump.migrations.filter((name) => !known.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `the backup was made by a newer version (it has ${unknown.join(', ')}): restore it with that one`,
    );
  }
  const had = new Set(dump.migrations);
  return {
    before: known.filter(({ name }) => had.has(name)),
    after: known.filter(({ name }) => !had.has(name)),
  };
}

async function isThere(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    `public.${table}`,
  ]);
  return rows[0]?.there === true;
}

/**
 * Row-level security is off for the owner while the tables are filled, and forced again before anybody sees them. So are
 * triggers: rows come as they were, also those that nobody may write again.
 */
async function fill(client: pg.Client, { directory, dump }: RestoreOptions): Promise<void> {
  const forced = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity`,
  );
  const force = async (how: 'FORCE' | 'NO FORCE'): Promise<void> => {
    for (const { name } of forced.rows) {
      await client.query(`ALTER TABLE ${client.escapeIdentifier(name)} ${how} ROW LEVEL SECURITY`);
    }
  };
  const trigger = async (how: 'ENABLE' | 'DISABLE'): Promise<void> => {
    for (const { name } of dump.tables) {
      await client.query(`ALTER TABLE ${client.escapeIdentifier(name)} ${how} TRIGGER USER`);
    }
  };
  await force('NO FORCE');
  await trigger('DISABLE');
  const names = dump.tables.map(({ name }) => client.escapeIdentifier(name)).join(', ');
  // rows that migrations wrote themselves
  await client.query(`TRUNCATE ${names} CASCADE`);
  for (const table of dump.tables) await copyIn(client, directory, table);
  await trigger('ENABLE');
  await force('FORCE');
}

async function copyIn(client: pg.Client, directory: string, { name, columns }: DumpedTable): Promise<void> {
  const list = columns.map((column) => client.escapeIdentifier(column)).join(', ');
  const stream = client.query(copyFrom(`COPY ${client.escapeIdentifier(name)} (${list}) FROM STDIN`));
  await pipeline(createReadStream(path.join(directory, `${name}.copy`)), stream);
}
