import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

export interface MigrateOptions {
  /** Login of the owner; may create roles. */
  ownerUrl: string;
  /** Folder of Prisma's layout: `<name>/migration.sql`. */
  directory: string;
  /** Passwords the two roles get. */
  apiPassword: string;
  systemPassword: string;
}

/** The key Prisma's own migrate uses, so that the two never run at once. */
export const MIGRATION_LOCK = 72_707_369;

export const HISTORY = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
  migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`;

/**
 * Applies what is missing, each file in one transaction, and keeps Prisma's history table.
 * @returns the names applied now
 * @throws when an applied file was edited afterwards
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({ connectionString: options.ownerUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(HISTORY);
    await ensureRole(client, 'towpath_api', options.apiPassword);
    await ensureRole(client, 'towpath_system', options.systemPassword);
    return await applyMissing(client, options.directory);
  } finally {
    await client.end();
  }
}

async function ensureRole(client: pg.Client, name: string, password: string): Promise<void> {
  const exists = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  const verb = exists.rowCount === 0 ? 'CREATE' : 'ALTER';
  const role = client.escapeIdentifier(name);
  try {
    await client.query(`${verb} ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
  } catch (error) {
    // Roles belong to the whole server: two databases may be set up at the same moment.
    const code = (error as { code?: string }).code;
    if (code !== '42710' && code !== '23505' && code !== 'XX000') throw error;
  }
  await client.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
}

async function applyMissing(client: pg.Client, directory: string): Promise<string[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL',
  );
  const known = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  const applied: string[] = [];
  for (const migration of readMigrations(directory)) {
    const before = known.get(migration.name);
    if (before === migration.checksum) continue;
    if (before !== undefined)
      throw new Error(`migration ${migration.name} was edited after it had been applied`);
    await inTransaction(client, () => applyMigration(client, migration));
    applied.push(migration.name);
  }
  return applied;
}

/** One file of the schema's history. */
export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/** All migrations of a folder, in the order they are applied. */
export function readMigrations(directory: string): Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

/** Applies one in the client's transaction and notes it in the history. */
export async function applyMigration(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query(sql);
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, now(), 1)`,
    [randomUUID(), checksum, name],
  );
}

/** Runs `work` between BEGIN and COMMIT, or ROLLBACK when it fails. `begin` may say more about the transaction. */
export async function inTransaction<T>(
  client: pg.Client,
  work: () => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  await client.query(begin);
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
