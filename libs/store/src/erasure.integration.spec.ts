import { BUILTIN_PLAN, billOf, newId, type Id } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { eraseRows, startErasure } from './erasure.store.js';
import { TENANT_TABLES } from './erasure.tables.js';
import { acquireLease, underLease } from './lease.store.js';
import { usageByDay } from './billing-window.store.js';

const id = <P extends Parameters<typeof newId>[0]>(prefix: P): Id<P> =>
  newId(prefix, Date.now(), systemRandom);
const MONTH = '2026-11';
const START = Date.UTC(2026, 10, 3);

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** What was planted in no place twice, so that what is left of it says where it lay. */
class Planted {
  readonly values: string[] = [];

  constructor(private readonly mark: string) {}

  text = (what: string): string => {
    const value = `${this.mark}-${what}-${this.values.length}`;
    this.values.push(value);
    return value;
  };
}

/** One row in every table that an organization can have rows in, every text a planted one. */
async function plant(org: string, planted: Planted, user: string): Promise<{ handle: string }> {
  const { text } = planted;
  const run = (sql: string, values: unknown[]): Promise<unknown> => database.query(sql, values);
  const [prj, svc, rev, upl, bld, sec] = [id('prj'), id('svc'), id('rev'), id('upl'), id('bld'), id('sec')];
  const handle = text('handle');
  await run(`INSERT INTO projects VALUES ($1, $2, $3, $4, now(), NULL)`, [org, prj, text('project'), handle]);
  await run(`INSERT INTO handles VALUES ($1, $2, $3)`, [handle, org, prj]);
  await run(
    `INSERT INTO api_keys (organization_id, id, name, hash, preview, role, created_at) VALUES ($1, $2, $3, $4, $5, 'owner', now())`,
    [org, id('key'), text('key'), Buffer.from(text('hash')), text('preview')],
  );
  await run(`INSERT INTO data_keys VALUES ($1, 1, $2, now())`, [org, Buffer.from(text('wrapped'))]);
  await run(`INSERT INTO secrets VALUES ($1, $2, $3, $4, now())`, [org, sec, prj, text('secret')]);
  await run(`INSERT INTO secret_versions VALUES ($1, $2, 1, 1, $3, now())`, [
    org,
    sec,
    Buffer.from(text('sealed')),
  ]);
  await run(`INSERT INTO uploads VALUES ($1, $2, $3, 'sha256:shared', 1, now())`, [org, upl, prj]);
  const spec = {
    imageDigest: 'sha256:image',
    env: [{ name: text('env'), value: text('value') }],
    command: [text('command')],
    resources: { cpuMillis: 1000, memoryMiB: 512 },
    sidecars: [
      {
        ...{
          name: text('sidecar'),
          image: text('sidecar-image'),
          env: [{ name: 'A', value: text('its-value') }],
        },
        resources: { cpuMillis: 500, memoryMiB: 256 },
      },
    ],
    concurrency: 7,
    timeoutSeconds: 60,
    maxInstances: 3,
    port: 8080,
    protocol: 'http1',
  };
  const traffic = JSON.stringify([{ revision: text('revision'), percent: 100, tag: text('tag') }]);
  await run(
    `INSERT INTO services (organization_id, id, project_id, name, access, min_instances, template, traffic, status,
       created_at, updated_at, deleted_at, removed_at) VALUES ($1, $2, $3, $4, 'public', 0, $5, $6, $7, now(), now(), now(), now())`,
    [
      org,
      svc,
      prj,
      text('service'),
      { ...spec, revisionSuffix: text('suffix') },
      traffic,
      { url: text('url') },
    ],
  );
  await run(
    `INSERT INTO builds (organization_id, id, project_id, service_id, upload_id, upload_digest, status, error, created_at)
     VALUES ($1, $2, $3, $4, $5, 'sha256:shared', 'failed', $6, now())`,
    [org, bld, prj, svc, upl, { message: text('build-error') }],
  );
  await run(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at) VALUES ($1, $2, $3, $4, $5, 1, 1, $6, $7, now())`,
    [org, rev, prj, svc, text('revision-name'), spec, { conditions: [{ message: text('condition') }] }],
  );
  await run(`INSERT INTO traffic_changes VALUES ($1, $2, 1, $3, $4, $4, now())`, [
    org,
    svc,
    id('key'),
    traffic,
  ]);
  await run(
    `INSERT INTO operations (organization_id, id, project_id, service_id, kind, generation, status, steps, created_at)
     VALUES ($1, $2, $3, $4, 'deploy', 1, 'failed', $5, now())`,
    [org, id('op'), prj, svc, JSON.stringify([{ message: text('step') }])],
  );
  await run(
    `INSERT INTO audit_rows VALUES ($1, $2, now(), $3, NULL, NULL, 'projects.create', $4, $5, $5, $6)`,
    [...[org, id('aud'), id('key'), prj, { name: text('audited') }, 'request']],
  );
  await run(`INSERT INTO idempotency_keys VALUES ($1, $2, $3, $4, 200, $5, now())`, [
    ...[org, id('key'), text('idempotency'), text('fingerprint'), { name: text('answer') }],
  ]);
  await run(`INSERT INTO placements VALUES ($1, $2, '[]', $3, now())`, [
    org,
    svc,
    JSON.stringify([text('why')]),
  ]);
  const cls = id('cls');
  await run(
    `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at) VALUES ($1, $1, 'p', 'r', 'z', 'local', now())`,
    [cls],
  );
  await run(`INSERT INTO targets VALUES ($1, $2, $3, 1, 1, $4, NULL, now())`, [
    org,
    svc,
    cls,
    { name: text('target') },
  ]);
  await run(`INSERT INTO routes VALUES ($1, $2, $3, 1, $4, now())`, [
    text('host'),
    org,
    svc,
    { host: text('body') },
  ]);
  await run(`INSERT INTO held_services VALUES ($1, $2, $3, now(), NULL)`, [
    id('svc'),
    org,
    text('held-name'),
  ]);
  await run(
    `INSERT INTO invitations (organization_id, id, email, role, hash, created_by, created_at, expires_at)
     VALUES ($1, $2, $3, 'viewer', $4, 'key', now(), now())`,
    [org, id('inv'), text('invited'), Buffer.from(text('invitation'))],
  );
  await run(`INSERT INTO memberships VALUES ($1, $2, 'owner', false, now())`, [org, user]);
  const session = [id('ses'), user, org, text('address'), text('agent')];
  await run(`INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, now(), now(), now())`, session);
  await run(
    `INSERT INTO device_requests VALUES ($1, $2, 'approved', $3, $4, now(), now(), NULL, 1, $5, $6)`,
    [Buffer.from(text('device')), text('code'), text('device-address'), text('device-client'), user, org],
  );
  await run(`INSERT INTO outbox VALUES ($1, 'service.changed', $2, $3, now())`, [id('evt'), svc, org]);
  await use(org, prj, svc, rev);
  return { handle };
}

async function use(org: string, prj: string, svc: string, rev: string): Promise<void> {
  await database.query(
    `INSERT INTO usage_records (producer, position, organization_id, project_id, service_id, revision_id, gateway_id,
       region, price_zone, stream_id, part, last, start_ms, end_ms, request_bytes, response_bytes, status, flags,
       reached, attempts, billable)
     SELECT $1, n, $1, $2, $3, $4, 'gw', 'here', 'here', n::text, 0, true, $5::bigint + n, $5::bigint + n + 50, 1, 1,
       200, '', true, 1, true FROM generate_series(1, 40) n`,
    [org, prj, svc, rev, START],
  );
  const window = [org, prj, svc, rev, START];
  await database.query(
    `INSERT INTO billing_windows VALUES ($1, $2, $3, $4, 'here', $5, 40, 0, 1234, 99, '[]', 40, 40, now())`,
    window,
  );
  await database.query(`INSERT INTO billing_dirty_windows VALUES ($1, $2, $3, $4, 'here', $5, 0)`, window);
}

const person = async (email: string): Promise<string> => {
  const user = id('usr');
  await database.query(`INSERT INTO users VALUES ($1, $2, 'hash', now(), now())`, [user, email]);
  return user;
};
const organization = async (name: string): Promise<Id<'org'>> => {
  const org = id('org');
  await database.query(
    `INSERT INTO organizations (id, name, status, created_at) VALUES ($1, $2, 'closing', now())`,
    [org, name],
  );
  return org;
};
const dump = async (): Promise<Map<string, string>> => {
  const tables = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const texts = tables.map(async ({ name }): Promise<[string, string]> => {
    const rows = await database.query<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM "${name}" t`);
    return [name, rows.map(({ row }) => row).join('\n')];
  });
  return new Map(await Promise.all(texts));
};
/** bytea comes as hex in a dump. */
const isIn = (text: string, value: string): boolean =>
  text.includes(value) || text.includes(Buffer.from(value).toString('hex'));
const tablesWith = (tables: Map<string, string>, values: readonly string[]): string[] =>
  values.flatMap((value) =>
    [...tables].filter(([, text]) => isIn(text, value)).map(([name]) => `${value} in ${name}`),
  );
const bill = async (org: string): Promise<{ total: string; due: string; quantity: string[] }> => {
  const filter = { organizationId: org, fromMs: START, toMs: START + 86_400_000 };
  const days = await database.db.asSystem((tx) => usageByDay(tx, filter));
  const { total, due, lines } = billOf(MONTH, [{ plan: BUILTIN_PLAN, days }]);
  return { total, due, quantity: lines.map(({ quantity }) => quantity) };
};
const erase = async (org: Id<'org'>): Promise<{ store: string; erased: number; held: number }[]> => {
  const ask = { name: 'erasing', owner: 'spec', now: Date.now(), lifeMs: 60_000 };
  const lease = await database.db.asSystem((tx) => acquireLease(tx, ask));
  if (!lease) throw new Error('no lease');
  await database.db.asSystem((tx) =>
    startErasure(tx, { organizationId: org, requestedBy: 'key_0', reason: 'the end', startedAt: Date.now() }),
  );
  return underLease(database.db, lease, (tx) => eraseRows(tx, org));
};

it('names every table that knows an organization, and no table twice', async () => {
  const found = await database.query<{ name: string }>(
    `SELECT DISTINCT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY 1`,
  );
  expect(TENANT_TABLES.map(({ name }) => name).sort()).toEqual(found.map(({ name }) => name));
});

it('names every other table as one that holds nothing of a tenant', async () => {
  const found = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND NOT EXISTS (
       SELECT FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = tablename
       AND c.column_name = 'organization_id') ORDER BY 1`,
  );
  const withTheirPeople = ['users', 'refresh_tokens'];
  const ofThePlatform = [
    'authorities',
    'cluster_prices',
    'clusters',
    'gateways',
    'gpu_classes',
    'hub',
    'invoice_numbers',
    'invoicing',
    'join_tokens',
    'lease_holders',
    'leases',
    'price_plan_versions',
    'renewal_tokens',
  ];
  const hashed = ['rate_limits', 'retired_handles', 'signing_keys'];
  const idsOnly = ['organizations', 'usage_intake', 'usage_quarantine', 'usage_watermarks'];
  const known = [...withTheirPeople, ...ofThePlatform, ...hashed, ...idsOnly, '_prisma_migrations'];
  expect(found.map(({ name }) => name)).toEqual(known.sort());
});

describe('the rows of an erased organization', () => {
  it('hold nothing that anybody wrote, and bill the same; a neighbour with shared people and uploads is untouched', async () => {
    const [gone, stays] = [new Planted('gone'), new Planted('stays')];
    const [org, neighbour] = [await organization(gone.text('name')), await organization(stays.text('name'))];
    const alone = await person(gone.text('email'));
    const both = await person(stays.text('email'));
    const { handle } = await plant(org, gone, alone);
    await plant(neighbour, stays, both);
    await database.query(`INSERT INTO memberships VALUES ($1, $2, 'viewer', false, now())`, [org, both]);
    await database.query(
      `INSERT INTO audit_rows VALUES ($1, $2, now(), 'key_0', NULL, NULL, 'organizations.create', $3, NULL, $4, 'r')`,
      [neighbour, id('aud'), org, { name: gone.text('seen-by-an-operator') }],
    );
    expect(tablesWith(await dump(), gone.values).length).toBeGreaterThanOrEqual(gone.values.length);
    const before = { ...(await bill(org)), neighbour: await bill(neighbour) };
    const stores = await erase(org);
    const after = await dump();
    expect(tablesWith(after, gone.values)).toEqual([]);
    expect(stays.values.filter((value) => tablesWith(after, [value]).length === 0)).toEqual([]);
    expect({ ...(await bill(org)), neighbour: await bill(neighbour) }).toEqual(before);
    expect(before.quantity.length).toBeGreaterThan(0);
    expect(after.get('users')).toContain(both);
    expect(after.get('users')).not.toContain(alone);
    const told = new Map(stores.map(({ store, erased, held }) => [store, { erased, held }]));
    expect(told.get('table usage_records')).toEqual({ erased: 0, held: 40 });
    expect(told.get('table users')).toEqual({ erased: 1, held: 1 });
    expect(told.get('table secret_versions')).toEqual({ erased: 1, held: 0 });
    expect(stores).toHaveLength(TENANT_TABLES.length + 2);
    const again = database.query(
      `INSERT INTO handles VALUES ($1, $2, 'prj_0') ON CONFLICT DO NOTHING RETURNING handle`,
      [handle, neighbour],
    );
    expect(await again).toEqual([]);
  });

  it('may be gone through again: nothing more is found', async () => {
    const org = await organization('twice');
    await plant(org, new Planted('twice'), await person('twice@example.com'));
    const first = await erase(org);
    await database.query('DELETE FROM erasures WHERE organization_id = $1', [org]);
    const second = await erase(org);
    expect(first.some(({ erased }) => erased > 0)).toBe(true);
    expect(second.filter(({ erased }) => erased > 0)).toEqual([]);
  });
});
