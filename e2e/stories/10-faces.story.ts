import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Api } from '../support/api.js';
import { PASSWORD, Person, inviteTo, newEmail } from '../support/person.js';
import { Tenant } from '../support/tenant.js';
import {
  likeness,
  operationsOf,
  overGraphql,
  overRest,
  plain,
  type Fields,
  type WalkedOperation,
} from '../support/walk.js';

/** What a twin knows: two are made alike, one through each face. */
interface Twin {
  project: string;
  upload: string;
  [made: string]: string;
}

/** Fields of each operation for a twin; commands run in this order, `made` keeps what later ones need. */
interface Step {
  fields: (twin: Twin) => Fields;
  made?: (answer: Fields, twin: Twin) => void;
  operator?: true;
  /** Before each of both. */
  first?: (api: Api) => Promise<unknown>;
  /** By the twin's own person instead of the tenant's key. */
  person?: true;
}

const env = (value: string): Fields => ({ env: [{ name: 'GREETING', value }] });

/** Keeps what a sign-in gave. */
const signedIn = (answer: Fields, twin: Twin): void => {
  twin['access'] = String(answer['accessToken']);
  twin['refresh'] = String(answer['refreshToken']);
  twin['session'] = String(answer['sessionId']);
  twin['member'] = String((answer['user'] as Fields)['id']);
};

/** A plan of the twin's own; no organization is billed by it. */
const pricePlan = ({ project }: Twin): Fields => ({
  id: `plan-${project}`,
  version: 1,
  name: 'A plan',
  currency: 'USD',
  decimals: 2,
  effectiveFrom: '2026-01-01T00:00:00Z',
  items: [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.001', unit: 'request' }],
});

const COMMANDS: Record<string, Step> = {
  'invitations.create': {
    fields: ({ email }) => ({ email, role: 'viewer' }),
    made: (answer, twin) => (twin['token'] = String(answer['token'])),
  },
  'invitations.revoke': { fields: (twin) => ({ invitation: twin['unwanted'] }) },
  'invitations.accept': { fields: ({ token }) => ({ token, password: PASSWORD }), made: signedIn },
  'sessions.end': { person: true, fields: () => ({ session: 'current' }) },
  'sessions.create': { fields: ({ email }) => ({ email, password: PASSWORD }), made: signedIn },
  'passwords.change': { person: true, fields: () => ({ current: PASSWORD, password: `${PASSWORD}!` }) },
  'devices.start': {
    fields: () => ({}),
    made: (answer, twin) => {
      twin['device'] = String(answer['deviceCode']);
      twin['code'] = String(answer['userCode']);
    },
  },
  'devices.decide': { person: true, fields: ({ code }) => ({ code, approve: true }) },
  'devices.poll': { fields: (twin) => ({ deviceCode: twin['device'] }) },
  'invitations.join': { person: true, fields: (twin) => ({ token: twin['elsewhere'] }) },
  'members.update': { fields: ({ member }) => ({ member, role: 'developer' }) },
  'members.remove': { fields: ({ member }) => ({ member }) },
  'sessions.refresh': {
    fields: (twin) => ({ refreshToken: twin['refresh'], organization: twin['other'] }),
    made: signedIn,
  },
  'members.leave': { person: true, fields: () => ({}) },
  'organizations.create': {
    operator: true,
    fields: (twin) => ({ name: `story-${twin.project}` }),
    made: (answer, twin) => (twin['madeOrganization'] = (answer['organization'] as { id: string }).id),
  },
  'accounts.update': {
    fields: (twin) => ({
      organization: twin['organization'],
      buyer: { name: 'Buyer', address: ['1 Road', 'Town'], country: 'DE', email: 'buyer@example.com' },
    }),
  },
  'accounts.setTerms': {
    operator: true,
    fields: (twin) => ({
      organization: twin['madeOrganization'],
      plan: 'memory-ticks',
      discountPercent: '12.5',
      taxes: [{ name: 'VAT', percent: '19' }],
    }),
  },
  'credits.create': {
    operator: true,
    fields: (twin) => ({
      organization: twin['madeOrganization'],
      name: 'Start',
      amount: '10',
      currency: 'USD',
    }),
    made: (answer, twin) => (twin['credit'] = String(answer['id'])),
  },
  'credits.revoke': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], credit: twin['credit'] }),
  },
  'organizations.suspend': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], reason: 'a story' }),
  },
  'organizations.resume': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'organizations.close': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'organizations.erase': {
    operator: true,
    fields: (twin) => ({ organization: twin['leaving'], reason: 'a story' }),
  },
  'organizations.reopen': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'grants.create': {
    operator: true,
    fields: (twin) => ({ organization: twin['organization'], role: 'viewer', reason: 'a story' }),
    made: (answer, twin) => (twin['grant'] = (answer['grant'] as { id: string }).id),
  },
  'grants.revoke': {
    fields: (twin) => ({ organization: twin['organization'], grant: twin['grant'] }),
  },
  'organizations.update': { fields: (twin) => ({ organization: twin['organization'], name: 'renamed' }) },
  'projects.create': {
    fields: () => ({
      name: `made-${randomBytes(3).toString('hex')}`,
      handle: `h${randomBytes(4).toString('hex')}`,
    }),
    made: (answer, twin) => (twin['madeProject'] = String(answer['handle'])),
  },
  'projects.delete': { fields: (twin) => ({ project: twin['madeProject'] }) },
  'keys.create': {
    fields: () => ({ name: 'reader', role: 'viewer' }),
    made: (answer, twin) => (twin['key'] = String(answer['id'])),
  },
  'keys.revoke': { fields: (twin) => ({ key: twin['key'] }) },
  'budgets.create': {
    fields: ({ project }) => ({ project, amount: '25.50', thresholds: [{ percent: 80, on: 'forecast' }] }),
    made: (answer, twin) => (twin['budget'] = String(answer['id'])),
  },
  'webhooks.create': {
    fields: () => ({ url: 'https://example.com/' }),
    made: (answer, twin) => (twin['webhook'] = String(answer['id'])),
  },
  'webhooks.delete': { fields: (twin) => ({ webhook: twin['webhook'] }) },
  'budgets.update': { fields: (twin) => ({ budget: twin['budget'], amount: '30' }) },
  'budgets.delete': { fields: (twin) => ({ budget: twin['budget'] }) },
  'caps.delete': {
    fields: () => ({}),
    first: (api) => api.ok('PUT', '/v1/cap', { amount: '1000000' }),
  },
  'caps.set': { fields: () => ({ amount: '1000000' }) },
  'secrets.create': { fields: ({ project }) => ({ project, name: 'token', value: 'one' }) },
  'secrets.addVersion': { fields: ({ project }) => ({ project, secret: 'token', value: 'two' }) },
  'secrets.delete': { fields: ({ project }) => ({ project, secret: 'token' }) },
  'services.create': {
    fields: ({ project, upload }) => ({
      project,
      name: 'twin',
      access: 'public',
      wait: '120s',
      template: { source: { uploadId: upload }, ...env('one') },
    }),
    made: (answer, twin) => (twin['operation'] = String(answer['id'])),
  },
  'services.update': {
    fields: ({ project }) => ({ project, service: 'twin', wait: '120s', template: env('two') }),
  },
  'traffic.set': {
    fields: ({ project }) => ({
      project,
      service: 'twin',
      wait: '120s',
      traffic: [
        { revision: 'twin-00001', percent: 30, tag: 'old' },
        { revision: 'latest', percent: 70 },
      ],
    }),
  },
  'services.token': { fields: ({ project }) => ({ project, service: 'twin', lifetimeSeconds: 60 }) },
  'services.rollback': { fields: ({ project }) => ({ project, service: 'twin', wait: '120s' }) },
  'quarantine.release': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], reason: 'unknown_service' }),
  },
  'plans.create': {
    operator: true,
    fields: (twin) => ({ document: pricePlan(twin) }),
    made: (answer, twin) => (twin['plan'] = (answer['version'] as { plan: string }).plan),
  },
  'clusters.create': {
    operator: true,
    fields: () => ({ name: `c-${randomBytes(4).toString('hex')}`, runtime: 'local', region: 'here' }),
    made: (answer, twin) => (twin['cluster'] = String(answer['id'])),
  },
  'clusters.cordon': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'clusters.drain': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'clusters.uncordon': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'clusters.setPrice': {
    operator: true,
    fields: (twin) => ({ cluster: twin['cluster'], currency: 'USD', vcpuSecond: '0.00001', gibSecond: '0' }),
  },
  'clusters.remove': { operator: true, fields: (twin) => ({ cluster: twin['spare'] }) },
  'clusters.createJoinToken': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
};

const QUERIES: Record<string, Omit<Step, 'made'>> = {
  'whoami.get': { fields: () => ({}) },
  'trust.get': { fields: () => ({}) },
  'organizations.list': { fields: () => ({}) },
  'organizations.get': { fields: (twin) => ({ organization: twin['organization'] }) },
  'organizations.erasure': { operator: true, fields: (twin) => ({ organization: twin['leaving'] }) },
  'grants.list': { fields: (twin) => ({ organization: twin['organization'] }) },
  'projects.list': { fields: () => ({}) },
  'projects.get': { fields: ({ project }) => ({ project }) },
  'keys.list': { fields: () => ({}) },
  'secrets.list': { fields: ({ project }) => ({ project }) },
  'secrets.get': { fields: ({ project }) => ({ project, secret: 'kept' }) },
  'services.list': { fields: ({ project }) => ({ project }) },
  'services.get': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'revisions.list': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'revisions.get': { fields: ({ project }) => ({ project, service: 'twin', revision: 'twin-00001' }) },
  'traffic.get': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'traffic.changes': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'operations.list': { fields: ({ project }) => ({ project }) },
  'operations.get': { fields: (twin) => ({ operation: twin['operation'] }) },
  'logs.read': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'usage.read': { fields: ({ project }) => ({ project }) },
  'usage.records': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'bill.read': { fields: () => ({}) },
  'bill.replay': { fields: () => ({ month: '2026-01' }) },
  'bill.explain': { fields: () => ({ line: 'cpu' }) },
  'budgets.list': { fields: () => ({}) },
  'caps.get': { fields: () => ({}) },
  'budgets.get': { fields: (twin) => ({ budget: twin['keptBudget'] }) },
  'notices.list': { fields: () => ({}) },
  'ledger.get': { fields: () => ({}) },
  'ledger.entries': { fields: () => ({}) },
  'ledger.seals': { fields: () => ({}) },
  'webhooks.list': { fields: () => ({}) },
  'webhooks.deliveries': { fields: (twin) => ({ webhook: twin['keptWebhook'] }) },
  'audit.list': { fields: () => ({}) },
  'members.list': { fields: () => ({}) },
  'invitations.list': { fields: () => ({}) },
  'sessions.list': { person: true, fields: () => ({}) },
  'devices.get': { person: true, fields: (twin) => ({ code: twin['waiting'] }) },
  'invoices.list': { fields: (twin) => ({ organization: twin['organization'] }) },
  'accounts.get': { fields: (twin) => ({ organization: twin['organization'] }) },
  'credits.list': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'plans.preview': {
    operator: true,
    fields: ({ project }) => ({
      document: pricePlan({ project: `${project}-next`, upload: '' }),
      month: '2026-01',
    }),
  },
  'margins.list': { operator: true, fields: () => ({ month: '2026-01' }) },
  'plans.list': { operator: true, fields: () => ({}) },
  'plans.get': { operator: true, fields: (twin) => ({ plan: twin['plan'] }) },
  'quarantine.list': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], waiting: true }),
  },
  'clusters.list': { operator: true, fields: () => ({}) },
  'clusters.get': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
};

/** Only REST can carry these: a body of bytes, a stream of events. */
const REST_ONLY = [
  'invoices.document',
  'uploads.create',
  'operations.follow',
  'organizations.export',
  'ledger.export',
];
/** Invoices come with the end of a month: until then there is none, through both faces. */
const NOTHING_YET: Record<string, Fields> = {
  'invoices.get': { invoice: 'INV-9-999999' },
  'bill.request': { request: 'nothing' },
  'bill.explainWindow': { window: 'rev_00000000000000000000-1795219200000-default', line: 'cpu' },
  'invoices.void': { invoice: 'INV-9-999999' },
  'invoices.recordPayment': { invoice: 'INV-9-999999', amount: '1', currency: 'USD' },
};
/** Runs last; everything before needs the service. */
const DELETE = 'services.delete';

describe('every operation gives the same result through REST and GraphQL', () => {
  let tenant: Tenant;
  let operator: Api;
  let operations: Map<string, WalkedOperation>;
  let byRest: Twin;
  let byGraphql: Twin;
  let elsewhere: Tenant;
  let reader: Person;

  beforeAll(async () => {
    tenant = await Tenant.create('faces');
    operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    operations = new Map((await operationsOf(tenant.api)).map((operation) => [operation.name, operation]));
    elsewhere = await Tenant.create('elsewhere');
    reader = await Person.create(tenant, 'reader', 'viewer');
    const second = await tenant.api.ok<{ handle: string }>('POST', '/v1/projects', { name: 'second' });
    [byRest, byGraphql] = await Promise.all([twinIn(tenant.project), twinIn(second.handle)]);
  });

  async function twinIn(project: string): Promise<Twin> {
    const upload = await tenant.uploadTo(project);
    await tenant.api.ok('POST', `/v1/projects/${project}/secrets`, { name: 'kept', value: 'never shown' });
    const email = newEmail('twin');
    const unwanted = await tenant.api.ok<{ id: string }>('POST', '/v1/invitations', {
      email: newEmail('unwanted'),
      role: 'viewer',
    });
    const hook = await tenant.api.ok<{ id: string }>('POST', '/v1/webhooks', { url: 'https://example.com/' });
    const kept = await tenant.api.ok<{ id: string }>('POST', '/v1/budgets', { amount: '10', project });
    return {
      ...{ project, upload, email, keptBudget: kept.id, keptWebhook: hook.id },
      ...{ unwanted: unwanted.id, organization: tenant.organizationId },
      ...{ other: elsewhere.organizationId, elsewhere: await inviteTo(elsewhere, email, 'viewer') },
      leaving: await closed(),
      spare: await spareCluster(),
      waiting: (await tenant.api.ok<{ userCode: string }>('POST', '/v1/devices', {})).userCode,
    };
  }

  /** A cluster that can be removed. */
  async function spareCluster(): Promise<string> {
    const body = { name: `c-${randomBytes(4).toString('hex')}`, runtime: 'local', region: 'here' };
    return (await operator.ok<{ id: string }>('POST', '/v1/clusters', body)).id;
  }

  /** An organization that can be erased. */
  async function closed(): Promise<string> {
    const { organization } = await operator.ok<{ organization: { id: string } }>(
      'POST',
      '/v1/organizations',
      {
        name: 'leaving',
      },
    );
    await operator.ok('POST', `/v1/organizations/${organization.id}/close`, {});
    return organization.id;
  }

  function apiOf(step: { operator?: true; person?: true }, twin?: Twin): Api {
    if (step.person) return twin ? new Api(tenant.api.url, twin['access'] ?? '') : reader.api;
    return step.operator ? operator : tenant.api;
  }
  const operation = (name: string): WalkedOperation => operations.get(name) as WalkedOperation;

  it('walks all operations there are', () => {
    const made = [COMMANDS, QUERIES, NOTHING_YET].flatMap((steps) => Object.keys(steps));
    const walked = [...made, ...REST_ONLY, DELETE];
    expect([...operations.keys()].sort()).toEqual(walked.sort());
    for (const { name, graphql } of operations.values()) {
      expect([name, graphql === undefined]).toEqual([name, REST_ONLY.includes(name)]);
    }
  });

  it.each(Object.entries(COMMANDS))('command %s', async (name, step) => {
    await step.first?.(tenant.api);
    const rest = await overRest(apiOf(step, byRest), operation(name), step.fields(byRest));
    await step.first?.(tenant.api);
    const graphql = await overGraphql(apiOf(step, byGraphql), operation(name), step.fields(byGraphql));
    expect(rest.code).toBeUndefined();
    expect(alike(graphql)).toEqual(alike(rest));
    step.made?.(rest.value as Fields, byRest);
    step.made?.(graphql.value as Fields, byGraphql);
  });

  it.each(Object.entries(QUERIES))('query %s', async (name, step) => {
    const read = async (over: typeof overRest): Promise<unknown> => {
      const { code, value } = await over(apiOf(step), operation(name), step.fields(byRest));
      expect(code).toBeUndefined();
      return settled(value);
    };
    // What the platform itself changes between two reads is alike when they are read again.
    let [rest, graphql] = [await read(overRest), await read(overGraphql)];
    for (let more = 4; more > 0 && !isDeepStrictEqual(rest, graphql); more -= 1)
      [rest, graphql] = [await read(overRest), await read(overGraphql)];
    expect(graphql).toEqual(rest);
  });

  it.each([
    ['services.get', { project: 'nobody', service: 'twin' }, 'NOT_FOUND'],
    ['services.create', { name: 'Not Valid', template: {} }, 'INVALID_ARGUMENT'],
    ['clusters.create', { name: 'mine', runtime: 'local' }, 'PERMISSION_DENIED'],
    ['services.create', { name: 'twin' }, 'ALREADY_EXISTS'],
  ])('refuses %s %j with %s through both', async (name, fields, code) => {
    const template = { source: { uploadId: byRest.upload } };
    const project = name.startsWith('services') ? { project: byRest.project } : {};
    const whole = { ...project, ...(name === 'services.create' ? { template } : {}), ...fields };
    expect((await overRest(tenant.api, operation(name), whole)).code).toBe(code);
    expect((await overGraphql(tenant.api, operation(name), whole)).code).toBe(code);
  });

  it.each(Object.entries(NOTHING_YET))('%s finds nothing through both', async (name, fields) => {
    const ofOrganization = name.startsWith('invoices.') ? { organization: tenant.organizationId } : {};
    const whole = { ...ofOrganization, ...fields };
    expect((await overRest(operator, operation(name), whole)).code).toBe('NOT_FOUND');
    expect((await overGraphql(operator, operation(name), whole)).code).toBe('NOT_FOUND');
  });

  it(`command ${DELETE}`, async () => {
    const fields = ({ project }: Twin): Fields => ({ project, service: 'twin', wait: '120s' });
    const rest = await overRest(tenant.api, operation(DELETE), fields(byRest));
    const graphql = await overGraphql(tenant.api, operation(DELETE), fields(byGraphql));
    expect(rest.code).toBeUndefined();
    expect(alike(graphql)).toEqual(alike(rest));
  });

  /** Twins differ by ids, times, credentials and the names that must be unique in the installation. */
  function alike({ value, code }: { value?: unknown; code?: string }): unknown {
    const text = JSON.stringify(likeness(value))
      .replaceAll(byRest.project, 'project')
      .replaceAll(byGraphql.project, 'project')
      .replace(/made-[0-9a-f]{6}|\bh[0-9a-f]{8}|\bc-[0-9a-f]{8}|[a-z]+-[0-9a-f]{8}@example.com/g, 'unique')
      .replace(/\b[B-Z]{4}-[B-Z]{4}\b/g, 'code')
      .replace(/"client":"[^"]*"/g, '"client":"…"')
      .replace(/"state":\{"evaluatedAt"[^}]*\},?/g, '')
      .replace(/"(version|generation|observedGeneration|preview)":"[^"]*"/g, '"$1":"…"');
    return { code, value: JSON.parse(text) as unknown };
  }

  /** The reads themselves move the time at which the key was last used. */
  function settled(value: unknown): unknown {
    return JSON.parse(JSON.stringify(plain(value)).replace(/"lastUsedAt":"[^"]*",?/g, '')) as unknown;
  }
});
