import { randomUUID } from 'node:crypto';
import { Api } from '../support/api.js';
import { Person, newEmail } from '../support/person.js';
import { filesNaming } from '../support/processes.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';
import { operationsOf, overGraphql, overRest, type Fields, type WalkedOperation } from '../support/walk.js';

/** Valid bodies, so that only the thing's owner can be the reason of a refusal. */
const BODIES: Record<string, Fields> = {
  'bill.explainWindow': { line: 'cpu' },
  'accounts.update': { buyer: { name: 'Buyer', address: ['1 Road'], country: 'DE' } },
  'budgets.update': { amount: '30' },
  'organizations.update': { name: 'taken over' },
  'members.update': { role: 'admin' },
  'secrets.create': { name: 'planted', value: 'x' },
  'secrets.addVersion': { value: 'x' },
  'services.create': { name: 'planted', template: { source: { uploadId: 'upl_00000000000000000000' } } },
  'services.update': { minInstances: 1 },
  'traffic.set': { traffic: [{ revision: 'latest', percent: 100 }] },
};

/** What no role of an organization may. */
const PLATFORM = [
  ...['person', 'organization.suspend', 'organization.quota', 'organization.erase', 'grant.create'],
  ...['account.terms', 'credit.write', 'invoice.write', 'quarantine.release'],
];

describe('two organizations', () => {
  let ours: Tenant;
  let theirs: Tenant;
  let foreign: Record<string, string>;
  let operations: WalkedOperation[];

  beforeAll(async () => {
    [ours, theirs] = [await Tenant.create('ours'), await Tenant.create('theirs')];
    await theirs.mustDeploy('probe');
    const secret = await theirs.api.ok<{ id: string }>('POST', `/v1/projects/${theirs.project}/secrets`, {
      name: 'token',
      value: 'theirs',
    });
    const key = await theirs.api.ok<{ id: string }>('POST', '/v1/keys', { name: 'theirs', role: 'viewer' });
    const invitation = { email: newEmail('guest'), role: 'viewer' };
    const invited = await theirs.api.ok<{ id: string }>('POST', '/v1/invitations', invitation);
    const operator = new Api(theirs.platform.apiUrl, theirs.platform.operatorKey);
    const { grant } = await operator.ok<{ grant: { id: string } }>(
      'POST',
      `/v1/organizations/${theirs.organizationId}/grants`,
      { role: 'viewer', reason: 'a story' },
    );
    const budget = await theirs.api.ok<{ id: string }>('POST', '/v1/budgets', { amount: '10' });
    const hook = { url: 'https://example.com/' };
    const webhook = await theirs.api.ok<{ id: string }>('POST', '/v1/webhooks', hook);
    const made = await theirs.api.ok<{ items: { id: string }[] }>('GET', '/v1/operations');
    const { headers } = await theirs.call('probe', '/');
    const window = await until('their request is counted', 60_000, async () => {
      const path = '/v1/bill/windows?line=cpu';
      return (await theirs.api.ok<{ items: { id: string }[] }>('GET', path)).items[0]?.id;
    });
    foreign = {
      organization: theirs.organizationId,
      project: theirs.project,
      service: 'probe',
      revision: 'probe-00001',
      secret: secret.id,
      key: key.id,
      invitation: invited.id,
      member: (await Person.create(theirs, 'theirs', 'viewer')).signedIn.user.id,
      operation: made.items[0]?.id ?? '',
      grant: grant.id,
      budget: budget.id,
      webhook: webhook.id,
      request: String(headers['x-request-id']),
      window,
      // the first is made when a month ends; the organization is refused before
      invoice: 'INV-1-000001',
    };
    operations = (await operationsOf(ours.api)).filter(
      (one) =>
        one.path.includes('{') &&
        // Clusters, GPU classes and price plans are the platform's.
        !/\{(cluster|gpuClass|plan)\}/.test(one.path) &&
        !PLATFORM.includes(one.permission),
    );
  });

  it('get 404 for every read and write on the other one, through REST and GraphQL', async () => {
    const wrong: string[] = [];
    for (const operation of operations.filter((one) => one.name !== 'uploads.create')) {
      const fields = { ...fieldsOf(operation), ...BODIES[operation.name] };
      const rest = await overRest(ours.api, operation, fields);
      if (rest.code !== 'NOT_FOUND') wrong.push(`REST ${operation.name}: ${rest.code ?? 'answered'}`);
      if (!operation.graphql) continue;
      const graphql = await overGraphql(ours.api, operation, fields);
      if (graphql.code !== 'NOT_FOUND')
        wrong.push(`GraphQL ${operation.name}: ${graphql.code ?? 'answered'}`);
    }
    expect(wrong).toEqual([]);
    expect(operations.length).toBeGreaterThan(20);
    expect((await theirs.service('probe')).latestReadyRevision).toBe('probe-00001');
  });

  it('get 404 for the other one, through SSE, uploads and node(id)', async () => {
    const events = await ours.api.events(`/v1/operations/${foreign['operation']}/events`);
    expect(events.status).toBe(404);
    const logs = await ours.api.events(`/v1/projects/${theirs.project}/services/probe/logs`);
    expect(logs.status).toBe(404);
    const archive = Buffer.from('not even looked at');
    expect((await ours.api.upload(theirs.project, archive)).status).toBe(404);
    const node = await ours.api.graphql<{ node: unknown }>('query($id: ID!) { node(id: $id) { id } }', {
      id: (await theirs.service('probe')).id,
    });
    expect(node.data?.node ?? null).toBeNull();
  });

  it('list only their own things', async () => {
    const listed = JSON.stringify([
      await ours.api.ok('GET', '/v1/organizations'),
      await ours.api.ok('GET', '/v1/projects'),
      await ours.api.ok('GET', '/v1/keys'),
      await ours.api.ok('GET', '/v1/operations'),
      await ours.api.ok('GET', '/v1/audit'),
      await ours.api.ok('GET', '/v1/bill'),
    ]);
    expect(listed).toContain(ours.organizationId);
    for (const id of [theirs.organizationId, theirs.project, foreign['key'], foreign['operation']]) {
      expect(listed).not.toContain(id);
    }
  });

  it('let a viewer look but not deploy', async () => {
    const made = await ours.api.ok<{ secret: string }>('POST', '/v1/keys', { name: 'v', role: 'viewer' });
    const viewer = new Api(ours.api.url, made.secret);
    expect((await viewer.request('GET', `/v1/projects/${ours.project}/services`)).status).toBe(200);
    const uploadId = await ours.upload({ Procfile: 'web: true' });
    const refused = await viewer.request('POST', `/v1/projects/${ours.project}/services`, {
      name: 'nope',
      template: { source: { uploadId } },
    });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('stop a revoked key within 5 s', async () => {
    const made = await ours.api.ok<{ id: string; secret: string }>('POST', '/v1/keys', {
      name: 'r',
      role: 'viewer',
    });
    const reader = new Api(ours.api.url, made.secret);
    expect((await reader.request('GET', '/v1/whoami')).status).toBe(200);
    await ours.api.ok('DELETE', `/v1/keys/${made.id}`);
    await until(
      'the revoked key is refused',
      5_000,
      async () => (await reader.request('GET', '/v1/whoami')).status === 401,
    );
    for (const key of ['', 'tow_nonsense', made.secret.slice(0, -1)]) {
      expect((await new Api(ours.api.url, key).request('GET', '/v1/whoami')).status).toBe(401);
    }
  });

  it("show a secret's value nowhere but to the instance", async () => {
    const canary = randomUUID();
    await ours.api.ok('POST', `/v1/projects/${ours.project}/secrets`, { name: 'canary', value: canary });
    const operation = await ours.deploy('holder', {
      template: { env: [{ name: 'TOKEN', secret: { name: 'canary', version: 'latest' } }] },
    });
    expect(operation.status).toBe('succeeded');
    expect((await ours.call('holder', '/env?name=TOKEN')).json().value).toBe(canary);
    const answers = JSON.stringify([
      operation,
      await ours.service('holder'),
      await ours.revisions('holder'),
      await ours.api.ok('GET', `/v1/projects/${ours.project}/secrets`),
      await ours.api.ok('GET', `/v1/projects/${ours.project}/secrets/canary`),
      await ours.api.ok('GET', '/v1/audit'),
      await ours.api.ok('GET', ours.at('holder', '/logs')),
    ]);
    expect(answers).toContain('canary');
    expect(answers).not.toContain(canary);
    // Logs of the processes, files of agent and gateway, the database's own files and NATS's.
    expect(filesNaming(ours.platform.dataDir, canary)).toEqual([]);
  });

  function fieldsOf(operation: WalkedOperation): Fields {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
    return Object.fromEntries(names.map((name) => [name, foreign[name]]));
  }
});
