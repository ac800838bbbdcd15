import { ROLES, ROLE_PERMISSIONS, isPermission } from '#libs/domain';
import { ApiRig } from '../api.rig.js';
import { PeopleRig } from '../people.rig.js';
import { REFERENCES, authority, inputFor, things, type Things } from './things.rig.js';
import { overGraphql, overRest, registry } from './walk.rig.js';

let rig: ApiRig;
let people: PeopleRig;
let own: Things;
let foreign: Things;

/** What only platform operators may do is refused to everybody else before anything is looked up. */
const isOperators = (permission: string): boolean =>
  isPermission(permission) && !ROLES.some((role) => ROLE_PERMISSIONS[role].includes(permission));

const aimed = registry.operations.filter(
  ({ input, permission }) =>
    REFERENCES.some((field) => field in input.shape) && permission !== 'anyone' && !isOperators(permission),
);

beforeAll(async () => {
  rig = await ApiRig.start();
  people = await PeopleRig.over(rig);
  [own, foreign] = [await things(rig, people, 'own'), await things(rig, people, 'foreign')];
  await authority(rig);
}, 60_000);
afterAll(() => rig.stop());

describe('another organization', () => {
  it.each(aimed.map((definition) => [definition.name, definition] as const))(
    '%s: its things are not found, through REST and GraphQL, and nothing changes',
    async (name, definition) => {
      const fields = REFERENCES.filter((field) => field in definition.input.shape);
      const input = inputFor(name, fields, foreign);
      const before = await rig.dump();
      const rest = await overRest(rig, own.tenant.key, definition, input);
      expect({ status: rest.status, code: rest.json['code'] }).toEqual({ status: 404, code: 'NOT_FOUND' });
      if (definition.graphql !== undefined) {
        expect(await overGraphql(rig, own.tenant.key, definition, input)).toEqual({ code: 'NOT_FOUND' });
      }
      expect(await rig.dump()).toEqual(before);
    },
  );

  it('has no node that can be found', async () => {
    const query = 'query ($id: ID!) { node(id: $id) { id } }';
    for (const id of [
      foreign.project.id,
      foreign.service,
      foreign.secret,
      foreign.operation,
      foreign.keyId,
      foreign.member,
      foreign.invitation,
    ]) {
      const answer = await rig.graphql(own.tenant.key, query, { id });
      expect(answer.errors?.[0]?.extensions['code']).toBe('NOT_FOUND');
    }
    const found = await rig.graphql(own.tenant.key, query, { id: own.service });
    expect(found.data['node']).toEqual({ id: own.service });
  });
});

describe('without rights', () => {
  it.each(registry.operations.map((definition) => [definition.name, definition] as const))(
    '%s: without a key 401, with a key that lacks the right 403',
    async (name, definition) => {
      const fields = REFERENCES.filter((field) => field in definition.input.shape);
      const input = { cluster: 'cls_00000000000000000000', ...inputFor(name, fields, own) };
      const anonymous = await overRest(rig, undefined, definition, input);
      if (definition.permission === 'anyone') {
        // Identity is not there: what is open comes as far as that, or is refused for its fields.
        expect(['INVALID_ARGUMENT', 'UNAVAILABLE']).toContain(anonymous.json['code']);
        return;
      }
      expect(anonymous.json['code']).toBe('UNAUTHENTICATED');
      if (definition.permission === 'any') return;
      const powerless = definition.permission === 'service.invoke' ? 'billing' : 'invoker';
      const refused = await overRest(rig, await rig.key(own.tenant.key, powerless), definition, input);
      expect({ status: refused.status, code: refused.json['code'] }).toEqual({
        status: 403,
        code: 'PERMISSION_DENIED',
      });
    },
  );

  it('a viewer reads and cannot deploy, through both faces', async () => {
    const viewer = await rig.key(own.tenant.key, 'viewer');
    const get = registry.get('services.get');
    const update = registry.get('services.update');
    const input = { project: own.project.id, service: own.service };
    expect((await overRest(rig, viewer, get, input)).status).toBe(200);
    expect((await overRest(rig, viewer, update, { ...input, access: 'public' })).status).toBe(403);
    expect(await overGraphql(rig, viewer, update, { ...input, access: 'public' })).toEqual({
      code: 'PERMISSION_DENIED',
    });
  });

  it('a key of one project does not find another project of its organization', async () => {
    const { key } = own.tenant;
    const second = await rig.project(key);
    const scoped = await rig.key(key, 'developer', { project: second.id });
    expect((await rig.call('GET', `/v1/projects/${second.handle}`, { key: scoped })).status).toBe(200);
    expect((await rig.call('GET', `/v1/projects/${own.project.id}`, { key: scoped })).status).toBe(404);
    expect((await rig.call('GET', `/v1/operations/${own.operation}`, { key: scoped })).status).toBe(404);
    const list = await rig.call('GET', '/v1/projects', { key: scoped });
    expect((list.json['items'] as { id: string }[]).map(({ id }) => id)).toEqual([second.id]);
    expect((await rig.call('GET', '/v1/operations', { key: scoped })).json).toEqual({ items: [] });
    expect((await rig.call('POST', '/v1/projects', { key: scoped, body: { name: 'x' } })).status).toBe(403);
  });
});

/** What a new organization has none of. */
const NOTHING_YET = [
  'revisions.get',
  'organizations.erasure',
  'invoices.get',
  'bill.request',
  'bill.explainWindow',
  'gpuClasses.get',
];

describe('both faces', () => {
  const queries = registry.operations.filter(
    ({ kind, graphql, permission }) => kind === 'query' && graphql !== undefined && permission !== 'person',
  );

  it.each(queries.map((definition) => [definition.name, definition] as const))(
    '%s answers the same',
    async (_name, definition) => {
      const operator = (await rig.tenant('operator', true)).key;
      const key = isOperators(definition.permission) ? operator : own.tenant.key;
      const cluster = await rig.call('POST', '/v1/clusters', {
        key: operator,
        body: { name: `c${Date.now()}`, runtime: 'local' },
      });
      const fields = Object.keys(definition.input.shape);
      const input = inputFor(
        definition.name,
        fields.filter((field) => REFERENCES.includes(field)),
        own,
      );
      const all = 'cluster' in definition.input.shape ? { ...input, cluster: cluster.json['id'] } : input;
      const rest = await overRest(rig, key, definition, all);
      const graphql = await overGraphql(rig, key, definition, all);
      if (NOTHING_YET.includes(definition.name))
        expect([rest.status, graphql.code]).toEqual([404, 'NOT_FOUND']);
      else expect([rest.status, graphql.body]).toEqual([200, rest.json]);
    },
  );
});
