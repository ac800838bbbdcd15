import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Api } from '../support/api.js';
import type { Twin } from '../support/faces.step.js';
import { COMMANDS, NOTHING_YET, QUERIES, REST_ONLY } from '../support/faces.table.js';
import { Person, inviteTo, newEmail } from '../support/person.js';
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
      unusedGpuClass: await unusedGpuClass(),
      waiting: (await tenant.api.ok<{ userCode: string }>('POST', '/v1/devices', {})).userCode,
    };
  }

  /** A cluster that can be removed. */
  async function spareCluster(): Promise<string> {
    const body = { name: `c-${randomBytes(4).toString('hex')}`, runtime: 'local', region: 'here' };
    return (await operator.ok<{ id: string }>('POST', '/v1/clusters', body)).id;
  }

  async function unusedGpuClass(): Promise<string> {
    const body = { name: `c-${randomBytes(4).toString('hex')}`, nodeLabels: [{ name: 'pool', value: 'a' }] };
    return (await operator.ok<{ id: string }>('POST', '/v1/gpu-classes', body)).id;
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
    // at the same time: a real cluster takes its time to end an instance
    const [rest, graphql] = await Promise.all([
      overRest(tenant.api, operation(DELETE), fields(byRest)),
      overGraphql(tenant.api, operation(DELETE), fields(byGraphql)),
    ]);
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
