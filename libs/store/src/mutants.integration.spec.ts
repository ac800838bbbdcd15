import { readdirSync } from 'node:fs';
import { testDatabase, type TestDatabase } from '#libs/testing';
import pg from 'pg';
import './erasure.tables.js';
import { declaredStatements } from './statement.js';
import { changedTables, mutantsOf, useOf, type Mutant, type Use } from './statement.mutants.rig.js';
import { OURS, THEIRS, plantAll, valueOf } from './tenant-rows.rig.js';
import { stagingSql } from './usage.sql.js';

/**
 * Every statement of the stores, its filters by organization removed, run by the api's role in a transaction of one
 * organization and aimed at the things of another: row-level security alone must keep them.
 */
const NOT_ALLOWED = '42501';
/** They look things up before an organization is known; the database itself narrows what they tell (second-wall spec). */
const SEE_MORE = ['find_api_key', 'find_person', 'list_organizations'];

/** What has rows to filter; the rest (locks, a dump's own commands) tells nothing. */
const FILTERS = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i;

let database: TestDatabase;
let owner: pg.Client;
let tables: string[];
let statements: [string, string][];

const namesOf = (text: string): string[] => tables.filter((table) => new RegExp(`\\b${table}\\b`).test(text));

beforeAll(async () => {
  const files = readdirSync('libs/store/src').filter((file) => file.endsWith('.sql.ts'));
  await Promise.all(files.map((file) => import(`./${file.replace(/\.ts$/, '.js')}`)));
  database = await testDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  tables = ['organizations', ...(await plantAll(owner))];
  await owner.query(stagingSql.text);
  statements = [...declaredStatements()].filter(
    ([, text]) =>
      FILTERS.test(text) && namesOf(text).length > 0 && !SEE_MORE.some((name) => text.includes(`${name}(`)),
  );
}, 60_000);
afterAll(async () => {
  await owner.end();
  await database.drop();
});

async function parametersOf(text: string): Promise<string[]> {
  await owner.query(`PREPARE asked AS ${text}`);
  const { rows } = await owner.query<{ types: string[] }>(
    `SELECT parameter_types::text[] AS types FROM pg_prepared_statements WHERE name = 'asked'`,
  );
  await owner.query('DEALLOCATE asked');
  return rows[0]?.types ?? [];
}

/** Values aimed at the other organization; what is no reference is as wide as it can be. */
async function valuesFor({ text }: Mutant): Promise<unknown[]> {
  const ofOrganizations = /\b(?:FROM|UPDATE|INTO)\s+organizations\b/.test(text);
  const types = await parametersOf(text);
  return types.map((type, index) => {
    const plain = type.replace('[]', '');
    const use = useOf(text, index + 1);
    const value = valueFor(plain, use, ofOrganizations);
    return type.endsWith('[]') ? [value] : value;
  });
}

function valueFor(type: string, use: Use, ofOrganizations: boolean): unknown {
  if (use.kind === 'optional') return null;
  if (use.kind === 'lower') return bound(type, ['', 0, '2000-01-01T00:00:00Z']);
  if (use.kind === 'upper') return bound(type, ['', 1000, '2100-01-01T00:00:00Z']);
  const isOwner = use.column === 'organization_id' || (ofOrganizations && use.column === 'id');
  return isOwner ? THEIRS : valueOf(type, use.kind === 'written' ? 3 : 2);
}

function bound(type: string, [text, number, time]: [string, number, string]): unknown {
  if (/timestamp|date/.test(type)) return time;
  if (/int|numeric|double|real/.test(type)) return number;
  return type === 'text' ? text : valueOf(type, 2);
}

interface Outcome {
  /** What is told depends on rows of theirs, or these are not as they were. */
  leaked: boolean;
  error?: string | undefined;
}

/** Runs a mutant, with their rows and without, and undoes it; `role` undefined: as the owner, whom no policy binds. */
async function run(mutant: Mutant, values: unknown[], role: string | undefined): Promise<Outcome> {
  const known = await once(mutant, values, role, true);
  const unknown = await once(mutant, values, role, false);
  return { leaked: known.changed || known.told !== unknown.told, error: known.error };
}

async function once(
  { text }: Mutant,
  values: unknown[],
  role: string | undefined,
  withTheirs: boolean,
): Promise<{ told: string; changed: boolean; error?: string | undefined }> {
  await owner.query('BEGIN');
  try {
    if (!withTheirs) await forget(namesOf(text));
    const changed = changedTables(text).filter((table) => tables.includes(table));
    const before = await theirs(changed);
    if (role !== undefined) {
      await owner.query(`SET LOCAL ROLE ${role}`);
      await owner.query(`SELECT set_config('towpath.organization_id', $1, true)`, [OURS]);
    }
    const { rows } = await owner.query<Record<string, unknown>>(text, values);
    if (role !== undefined) await owner.query('RESET ROLE');
    return { told: JSON.stringify(rows), changed: (await theirs(changed)) !== before };
  } catch (error) {
    const { code } = error as { code?: string };
    return { told: String(code), changed: false, error: code };
  } finally {
    await owner.query('ROLLBACK');
  }
}

const ownerOf = (table: string): string => (table === 'organizations' ? 'id' : 'organization_id');

async function forget(names: readonly string[]): Promise<void> {
  for (const name of names) await owner.query(`DELETE FROM "${name}" WHERE ${ownerOf(name)} = $1`, [THEIRS]);
}

/** Everything of theirs in these tables. */
async function theirs(names: readonly string[]): Promise<string> {
  const kept: unknown[] = [];
  for (const name of names) {
    const sql = `SELECT t::text FROM "${name}" t WHERE ${ownerOf(name)} = $1 ORDER BY 1`;
    kept.push((await owner.query(sql, [THEIRS])).rows);
  }
  return JSON.stringify(kept);
}

describe('row-level security, with the filters of the statements removed', () => {
  it('tells and changes nothing of another organization', async () => {
    const leaks: string[] = [];
    const odd: string[] = [];
    const counts = { statements: statements.length, mutants: 0, leakAsOwner: 0, ran: 0, refused: 0 };
    const aimedAt = new Set<string>();
    for (const [name, text] of statements) {
      for (const mutant of mutantsOf(name, text)) {
        const values = await valuesFor(mutant);
        const walled = await run(mutant, values, 'towpath_api');
        counts.mutants += 1;
        if (walled.leaked) leaks.push(mutant.name);
        if (walled.error === undefined) counts.ran += 1;
        else if (walled.error === NOT_ALLOWED) counts.refused += 1;
        else odd.push(`${mutant.name}: ${walled.error}`);
        if (!(await run(mutant, values, undefined)).leaked) continue;
        counts.leakAsOwner += 1;
        for (const table of namesOf(text)) aimedAt.add(table);
      }
    }
    console.log(counts, {
      tables: tables.length,
      odd,
      missed: tables.filter((table) => !aimedAt.has(table)),
    });
    expect(leaks).toEqual([]);
    // The set itself: most of it would leak if nothing were between, from nearly every table.
    expect(counts.leakAsOwner).toBeGreaterThan(0.6 * counts.mutants);
    expect(aimedAt.size).toBeGreaterThan(0.9 * tables.length);
    expect(odd.length).toBeLessThan(0.05 * counts.mutants);
  }, 120_000);

  it('is what keeps them: with it off, each table that the api reads and filters leaks', async () => {
    const kept: string[] = [];
    const { rows } = await owner.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) name WHERE has_table_privilege('towpath_api', name, 'SELECT')`,
      [tables],
    );
    for (const { name } of rows) {
      await owner.query(`ALTER TABLE "${name}" DISABLE ROW LEVEL SECURITY`);
      if (!(await leaksFrom(name))) kept.push(name);
      await owner.query(`ALTER TABLE "${name}" ENABLE ROW LEVEL SECURITY`);
    }
    console.log(`${rows.length} tables opened in turn, no leak seen from`, kept);
    expect(kept.length).toBeLessThan(0.2 * rows.length);
  }, 120_000);
});

async function leaksFrom(table: string): Promise<boolean> {
  for (const [name, text] of statements.filter((one) => namesOf(one[1]).includes(table))) {
    for (const mutant of mutantsOf(name, text))
      if ((await run(mutant, await valuesFor(mutant), 'towpath_api')).leaked) return true;
  }
  return false;
}
