import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { inTransaction } from './migrate.js';
import { loadOrder } from './backup.order.js';

/** One table of a dump: its rows are in `<name>.copy`, in PostgreSQL's COPY text format. */
export interface DumpedTable {
  name: string;
  columns: string[];
  rows: number;
}

/** What a dump holds, besides the rows. */
export interface DumpedDatabase {
  /** Names of the migrations its tables were made by, in order. */
  migrations: string[];
  /** In an order in which they can be filled: what is referred to comes first. */
  tables: DumpedTable[];
}

/** Who works at the moment of a dump is not worth keeping: a restore makes every lease change hands. */
const LEFT_OUT = new Set(['_prisma_migrations', 'leases', 'lease_holders']);

const TABLES = `
  SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  GROUP BY c.oid`;

const REFERENCES = `
  SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
  WHERE contype = 'f' AND connamespace = 'public'::regnamespace`;

/**
 * Copies every table into `directory` as of one moment, while everything goes on working.
 * @throws when the owner is under row-level security: rows would be missing without a word
 */
export async function dumpDatabase(ownerUrl: string, directory: string): Promise<DumpedDatabase> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    return await inTransaction(
      client,
      () => dump(client, directory),
      'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
    );
  } finally {
    await client.end();
  }
}

async function dump(client: pg.Client, directory: string): Promise<DumpedDatabase> {
  await client.query('SET LOCAL row_security = off');
  const migrations = await client.query<{ name: string }>(
    `SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name`,
  );
  const found = await client.query<{ name: string; columns: string[] }>(TABLES);
  const references = await client.query<{ child: string; parent: string }>(REFERENCES);
  const kept = found.rows.filter(({ name }) => !LEFT_OUT.has(name));
  const tables: DumpedTable[] = [];
  for (const table of loadOrder(kept, references.rows)) {
    const columns = table.columns.map((column) => client.escapeIdentifier(column)).join(', ');
    const stream = client.query(copyTo(`COPY ${client.escapeIdentifier(table.name)} (${columns}) TO STDOUT`));
    const file = createWriteStream(path.join(directory, `${table.name}.copy`), { mode: 0o600, flush: true });
    await pipeline(stream, file);
    tables.push({ ...table, rows: stream.rowCount ?? 0 });
  }
  return { migrations: migrations.rows.map(({ name }) => name), tables };
}
