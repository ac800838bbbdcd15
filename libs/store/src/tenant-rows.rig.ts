import type pg from 'pg';

/** Rows of two organizations in every tenant table, from the catalog: a table that is added later is there too. */
export const OURS = 'org_00000000000000000001';
export const THEIRS = 'org_00000000000000000002';

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
    (SELECT substring(pg_get_constraintdef(k.oid) FROM '''([^'']+)''') FROM pg_constraint k
     WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] LIMIT 1) AS allowed
  FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attnotnull AND a.attidentity = '' AND a.attgenerated = ''
    AND (NOT a.atthasdef OR a.attname = 'organization_id')`;

const TENANT_TABLES = `
  SELECT c.relname AS name FROM pg_class c
  WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organization_id')`;

/** A value of the type that differs from row to row. */
export function valueOf(type: string, seed: number): unknown {
  if (/json|\[\]$/.test(type)) return '{}';
  if (/timestamp/.test(type)) return '2026-11-21T00:00:00Z';
  if (type === 'date') return '2026-11-21';
  if (type === 'boolean') return false;
  if (type === 'bytea') return Buffer.from([seed, 1, 2, 3]);
  if (/int|numeric|double|real/.test(type)) return seed;
  return `planted-${seed}`;
}

/** One row of the table for the organization; `owner` is in replication role, so nothing it refers to has to be there. */
export async function plant(
  owner: pg.Client,
  table: string,
  organization: string,
  seed: number,
): Promise<void> {
  const { rows } = await owner.query<{ name: string; type: string; allowed: string | null }>(COLUMNS, [
    table,
  ]);
  const names = rows.map(({ name }) => `"${name}"`).join(', ');
  const values = rows.map(({ name, type, allowed }) =>
    name === 'organization_id' ? organization : (allowed ?? valueOf(type, seed)),
  );
  const marks = values.map((_value, index) => `$${index + 1}`).join(', ');
  await owner.query(`INSERT INTO "${table}" (${names}) VALUES (${marks})`, values);
}

/** Every tenant table with a row of ours and one of theirs, both organizations, and a person in each. */
export async function plantAll(owner: pg.Client): Promise<string[]> {
  await owner.query('SET session_replication_role = replica');
  const tables = (await owner.query<{ name: string }>(TENANT_TABLES)).rows.map(({ name }) => name);
  for (const [organization, seed] of [
    [OURS, 1],
    [THEIRS, 2],
  ] as const) {
    await owner.query(
      `INSERT INTO organizations (id, name, status, created_at) VALUES ($1, $2, 'active', now())`,
      [organization, `planted-${seed}`],
    );
    for (const table of [...tables, 'users']) await plant(owner, table, organization, seed);
  }
  return tables;
}
