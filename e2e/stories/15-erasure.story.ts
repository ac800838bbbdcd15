import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Api } from '../support/api.js';
import { PASSWORD, Person, inviteTo, type SignedInJson } from '../support/person.js';
import { rowsOf, searchStores } from '../support/stores.js';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

const MARK = `zq${randomBytes(4).toString('hex')}`;
const values: string[] = [];
/** A text that stands nowhere else in the world; good as a name, an e-mail's part, a path, a value. */
const planted = (): string => {
  const value = `${MARK}n${String(values.length).padStart(3, '0')}`;
  values.push(value);
  return value;
};
const many = <T>(count: number, make: (value: string, index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(planted(), index));
const search = (at: Tenant): Promise<Map<string, string[]>> =>
  searchStores(at.platform, new RegExp(`${MARK}n\\d{3}`, 'gi'));

const source = (text: string): Record<string, string> => ({
  'package.json': JSON.stringify({ name: 'planted', scripts: { start: 'node server.js' } }),
  'server.js': readFileSync(path.join(import.meta.dirname, '../apps/probe/server.js'), 'utf8'),
  'notes.txt': text,
});

describe('an organization that is erased', () => {
  let tenant: Tenant;
  let neighbour: Tenant;
  let operator: Api;
  let both: Person;
  const shared = source('the same for both');
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-story-'));

  const owner = async (method: string, at: string, body?: unknown): Promise<Record<string, unknown>> =>
    tenant.api.ok(method, at, body);
  const usage = async (organization: string): Promise<Record<string, string>[]> =>
    rowsOf(
      tenant.platform,
      `SELECT service_id, revision_id, sum(blocks)::text AS blocks, sum(requests)::text AS requests FROM billing_windows
       WHERE organization_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
      [organization],
    );

  /** Everything a tenant can write, through the faces it writes by. */
  async function plantPeople(): Promise<void> {
    await owner('PATCH', `/v1/organizations/${tenant.organizationId}`, { name: planted() });
    await Promise.all(many(20, (name) => owner('POST', '/v1/keys', { name, role: 'viewer' })));
    await Promise.all(many(20, (name) => inviteTo(tenant, `${name}@example.com`, 'viewer')));
    const alone = await Person.accept(
      tenant.api.url,
      await inviteTo(tenant, `${planted()}@example.com`, 'viewer'),
    );
    await alone.api.request('GET', '/v1/whoami', undefined, { 'user-agent': planted() });
    const sessions = many(4, (agent) =>
      new Api(tenant.api.url, '').request(
        'POST',
        '/v1/sessions',
        { email: alone.email, password: PASSWORD },
        { 'user-agent': agent },
      ),
    );
    await Promise.all(sessions);
    await Promise.all(
      many(10, (key) => tenant.api.request('POST', '/v1/uploads', {}, { 'idempotency-key': key })),
    );
  }

  async function plantServices(): Promise<void> {
    const project = await owner('POST', '/v1/projects', { name: planted(), handle: planted() });
    await Promise.all(
      many(20, (name) =>
        owner('POST', `/v1/projects/${String(project['handle'])}/secrets`, { name, value: planted() }),
      ),
    );
    const env = many(20, (value) => ({ name: planted().toUpperCase(), value }));
    const [service, tag, secret] = [planted(), planted().slice(0, 20), planted()];
    await owner('POST', `/v1/projects/${tenant.project}/secrets`, { name: secret, value: planted() });
    await tenant.mustDeploy(service, {
      source: source(many(10, (text) => text).join('\n')),
      template: { env: [...env, { name: 'KEY', secret: { name: secret, version: 'latest' } }] },
    });
    await owner('PUT', tenant.at(service, '/traffic'), {
      traffic: [{ revision: 'latest', percent: 100, tag }],
    });
    await Promise.all(many(20, (text) => tenant.call(service, `/log?text=${text}`)));
    await Promise.all(
      many(20, (at) => tenant.call(service, `/${at}`, { headers: { 'user-agent': planted() } })),
    );
    await tenant.usageOf(service, 40);
  }

  beforeAll(async () => {
    [tenant, neighbour] = [await Tenant.create('leaving'), await Tenant.create('staying')];
    operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    both = await Person.create(neighbour, 'both', 'viewer');
    await both.api.ok('POST', '/v1/invitations/join', {
      token: await inviteTo(tenant, both.email, 'viewer'),
    });
    await plantPeople();
    await plantServices();
    await tenant.mustDeploy('twin', { source: shared });
    await neighbour.mustDeploy('twin', { source: shared, service: { minInstances: 0 } });
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('takes with it what it had, closed and not yet erased', async () => {
    await owner('POST', `/v1/organizations/${tenant.organizationId}/close`, {});
    const file = path.join(folder, 'bundle.tar.gz');
    expect((await tow(tenant, 'orgs', 'export', '--output', file)).code).toBe(0);
    const text = gunzipSync(readFileSync(file)).toString('latin1');
    expect(text).toContain('serving.knative.dev/v1');
    expect(values.filter((value) => text.includes(value)).length).toBeGreaterThan(60);
    expect(text).not.toContain(tenant.api.key);
  }, 60_000);

  it('was found all over the platform before', async () => {
    const found = await search(tenant);
    const places = new Set([...found.values()].flat().map((place) => place.split('/')[0] ?? ''));
    console.log(`${values.length} values planted, ${found.size} found in ${[...places].sort().join(', ')}`);
    expect(values.length).toBeGreaterThanOrEqual(200);
    expect(found.size).toBeGreaterThan(150);
  }, 60_000);

  it('is found nowhere afterwards but in spools, which go by themselves; its usage bills the same', async () => {
    const before = await usage(tenant.organizationId);
    expect(before.length).toBeGreaterThan(0);
    const erased = await erase();
    expect(erased.stores.length).toBeGreaterThan(25);
    const left = async (): Promise<[string, string[]][]> =>
      [...(await search(tenant))].filter(([, where]) => where.some((place) => place !== 'spool'));
    // Gateways forget certificates a moment after routes.
    await until('the last certificate gone', 10_000, async () => (await left()).length === 0).catch(
      () => undefined,
    );
    expect(await left()).toEqual([]);
    expect(await usage(tenant.organizationId)).toEqual(before);
    expect((await tenant.api.request('GET', '/v1/whoami')).status).toBe(401);
  }, 120_000);

  interface ErasureJson {
    steps: { name: string; status: string }[];
    stores: { store: string; erased: number; held: number }[];
    finishedAt?: string;
  }
  async function erase(): Promise<ErasureJson> {
    const at = `/v1/organizations/${tenant.organizationId}`;
    await operator.ok('POST', `${at}/erase`, { reason: 'a story' });
    return until('the end of the erasure', 90_000, async () => {
      const erasure = await operator.ok<ErasureJson>('GET', `${at}/erasure`);
      return erasure.finishedAt !== undefined && erasure;
    });
  }

  it('leaves a neighbour with the same upload and a common member untouched', async () => {
    expect((await neighbour.call('twin')).status).toBe(200);
    const again = await neighbour.deploy('again', { source: shared });
    expect(again.status).toBe('succeeded');
    const body = { email: both.email, password: PASSWORD };
    const signedIn = await new Api(neighbour.api.url, '').ok<SignedInJson>('POST', '/v1/sessions', body);
    expect(signedIn.organizations.map(({ id }) => id)).toEqual([neighbour.organizationId]);
  }, 60_000);
});
