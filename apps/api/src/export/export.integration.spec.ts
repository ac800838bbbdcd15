import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { loadAll } from 'js-yaml';
import { Parser, type ReadEntry } from 'tar';
import { until } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { PeopleRig } from '../people.rig.js';

let rig: ApiRig;
let tenant: RigTenant;
let project: { id: string; handle: string };

beforeAll(async () => {
  rig = await ApiRig.start();
  tenant = await rig.tenant('traveller');
  project = await rig.project(tenant.key);
}, 60_000);
afterAll(() => rig.stop());

const address = ({ organizationId }: RigTenant): string => `/v1/organizations/${organizationId}/export`;

async function unpacked(bytes: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      const parts: Buffer[] = [];
      entry.on('data', (part: Buffer) => parts.push(part));
      entry.on('end', () => files.set(entry.path, Buffer.concat(parts).toString()));
    },
  });
  await pipeline(Readable.from([gunzipSync(bytes)]), parser as unknown as NodeJS.WritableStream);
  return files;
}

async function bundle(key: string, of = tenant): Promise<Map<string, string>> {
  const answer = await rig.app.inject({
    method: 'GET',
    url: address(of),
    headers: { authorization: `Bearer ${key}` },
  });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/gzip']);
  return unpacked(answer.rawPayload);
}

/** Usage of one service, 2,500 records: three pages. */
async function use(service: string): Promise<void> {
  await rig.database.query(
    `INSERT INTO usage_records (producer, position, organization_id, project_id, service_id, gateway_id, region,
       price_zone, stream_id, part, last, start_ms, end_ms, request_bytes, response_bytes, status, flags, reached,
       attempts, billable)
     SELECT 'p', n, $1, $2, $3, 'gw_0', 'here', 'here', n::text, 0, true, 1790000000000 + n / 2, 1790000000100 + n,
       1, 1, 200, '', true, 1, true FROM generate_series(1, 2500) n`,
    [tenant.organizationId, project.id, service],
  );
  await rig.database.query(
    `INSERT INTO billing_windows (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms,
       requests, not_billable_requests, blocks, per_request_units, open_blocks, request_bytes, response_bytes, updated_at)
     VALUES ($1, $2, $3, '', 'here', 1790000000000 / 60000 * 60000, 2500, 0, 2500, 2500, '[]', 1, 1, now())`,
    [tenant.organizationId, project.id, service],
  );
}

describe('the bundle', () => {
  it('holds everything but values of secrets and keys, and a manifest that names each file', async () => {
    const made = await rig.service(tenant.key, project.id, 'web', { minInstances: 2 });
    const service = (made.json['service'] as { id: string }).id;
    const secrets = `/v1/projects/${project.id}/secrets`;
    await rig.call('POST', secrets, { key: tenant.key, body: { name: 'token', value: 'SECRET-VALUE' } });
    await (await PeopleRig.over(rig)).person(tenant.organizationId, 'viewer');
    await use(service);
    const files = await bundle(tenant.key);
    const folder = `projects/${project.handle}`;
    expect([...files.keys()].filter((name) => !name.startsWith('usage/')).sort()).toEqual(
      [
        ...[
          'README.txt',
          'organization.json',
          'members-00001.ndjson',
          'keys-00001.ndjson',
          'audit-00001.ndjson',
        ],
        ...[`${folder}/project.json`, `${folder}/secrets-00001.ndjson`],
        ...[`${folder}/services/web.yaml`, `${folder}/services/web.json`],
        ...['bill/2026-09.json', 'manifest.json'],
      ].sort(),
    );
    const usage = [...files].filter(([name]) => name.startsWith(`usage/${service}-`));
    expect(usage.map(([, text]) => text.trimEnd().split('\n').length)).toEqual([1000, 1000, 500]);
    const lines = usage.flatMap(([, text]) => text.trimEnd().split('\n'));
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(2500);
    const { files: told } = JSON.parse(files.get('manifest.json') ?? '') as {
      files: { path: string; sha256: string }[];
    };
    for (const { path, sha256 } of told)
      expect([
        path,
        createHash('sha256')
          .update(files.get(path) ?? '')
          .digest('hex'),
      ]).toEqual([path, sha256]);
    expect(told).toHaveLength(files.size - 1);
    const all = [...files.values()].join('');
    expect(all).not.toContain('SECRET-VALUE');
    expect(all).not.toContain(tenant.key);
    expect(files.get('audit-00001.ndjson')).toContain('"organizations.export"');
  }, 30_000);

  it('of one project, or one service, is YAML that needs no Towpath, and names what it needs besides', async () => {
    const { key } = tenant;
    const at = `/v1/projects/${project.id}`;
    await rig.call('POST', `${at}/secrets`, { key, body: { name: 'word', value: 'SECRET-VALUE' } });
    const env = [{ name: 'WORD', secret: { name: 'word', version: 'latest' } }];
    const uploadId = await rig.upload(key, project.id);
    await rig.service(key, project.id, 'plain');
    await rig.service(key, project.id, 'named', { template: { source: { uploadId }, env } });
    const manifest = async (query: string): Promise<string> => {
      const { status, text } = await rig.call('GET', `${at}/manifest${query}`, { key });
      expect(status).toBe(200);
      return text;
    };
    const whole = await manifest('');
    const documents = loadAll(whole) as { kind: string; metadata: { name: string; namespace?: string } }[];
    expect(documents[0]).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: project.handle } });
    expect(documents.slice(1).map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['plain', 'named']) as string[],
    );
    for (const { metadata } of documents.slice(1)) expect(metadata.namespace).toBe(project.handle);
    expect(whole).not.toMatch(/SECRET-VALUE|towpath/i);
    const one = await manifest('?service=named');
    expect(loadAll(one)).toHaveLength(2);
    expect(one).toContain('# needs the Secret word with the key version-latest\n');
    expect(one).toContain('# needs its image in a registry');
    expect((await rig.call('GET', `${at}/manifest?service=nobody`, { key })).status).toBe(404);
    const other = await rig.tenant('neighbour');
    expect((await rig.call('GET', `${at}/manifest`, { key: other.key })).status).toBe(404);
  });

  it('is had by a closing organization too, by who may read all of it, and by nobody else', async () => {
    const other = await rig.tenant('other', true);
    expect((await rig.call('GET', address(tenant), { key: other.key })).status).toBe(404);
    const viewer = await rig.key(tenant.key, 'viewer');
    expect((await rig.call('GET', address(tenant), { key: viewer })).status).toBe(403);
    const close = `/v1/organizations/${tenant.organizationId}/close`;
    expect((await rig.call('POST', close, { key: tenant.key, body: {} })).status).toBe(200);
    await until(
      async () =>
        (await rig.call('POST', '/v1/projects', { key: tenant.key, body: { name: 'x' } })).status === 409,
      { deadlineMs: 6_000, what: 'writes refused' },
    );
    expect((await bundle(tenant.key)).get('organization.json')).toContain('"closing"');
  }, 30_000);
});
