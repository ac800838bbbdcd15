import { ROLES, can, isPermission, type Actor, type Role } from '#libs/domain';
import { ApiRig, type RigAnswer } from '../api.rig.js';
import type { OperationDefinition } from '../call/definition.js';
import { pathFields } from '../call/registry.js';
import { PeopleRig } from '../people.rig.js';
import { REFERENCES, inputFor, things, type Things } from './things.rig.js';
import { overGraphql, overRest, registry, type Input } from './walk.rig.js';

/** Every operation x every credential x every kind of wrong id, through both faces, and every route in odd forms. */
interface Credential {
  name: string;
  key: string | undefined;
  actor?: Pick<Actor, 'role' | 'platformOperator'>;
}

const MALFORMED = [
  '',
  ' ',
  '..',
  '%00',
  'x'.repeat(300),
  "' OR 1=1 --",
  '<script>',
  '__proto__',
  'null',
  '-1',
];
const UNKNOWN: Input = {
  organization: 'org_00000000000000000000',
  project: 'prj_00000000000000000000',
  service: 'svc_00000000000000000000',
  secret: 'sec_00000000000000000000',
  operation: 'op_00000000000000000000',
  key: 'key_00000000000000000000',
  member: 'usr_00000000000000000000',
  invitation: 'inv_00000000000000000000',
  grant: 'grt_00000000000000000000',
};

let rig: ApiRig;
let own: Things;
let foreign: Things;
let credentials: Credential[];
let probes = 0;
const wrong: string[] = [];

const referencesOf = ({ input }: OperationDefinition): string[] =>
  REFERENCES.filter((field) => field in input.shape);
const mayCall = ({ permission }: OperationDefinition, { actor }: Credential): boolean => {
  if (permission === 'any') return actor !== undefined;
  if (!isPermission(permission) || !actor) return false;
  return can({ ...actor, id: 'key_0', organizationId: 'org_0' }, permission);
};

/** Nothing of the other organization may stand in any answer, whatever was asked. */
function leaks(text: string, sent: string): boolean {
  const secrets = [
    foreign.project.handle,
    foreign.service,
    foreign.secret,
    foreign.operation,
    foreign.member,
    foreign.grant,
  ];
  return secrets.some((secret) => text.includes(secret) && !sent.includes(secret));
}

/** The codes that a call with wrong ids may get. */
function allowed(definition: OperationDefinition, credential: Credential): string[] {
  if (definition.permission === 'anyone')
    return ['INVALID_ARGUMENT', 'UNAVAILABLE', 'UNSUPPORTED_MEDIA_TYPE'];
  if (credential.actor === undefined) return ['UNAUTHENTICATED', 'NOT_FOUND', 'UNSUPPORTED_MEDIA_TYPE'];
  if (!mayCall(definition, credential)) return ['PERMISSION_DENIED', 'NOT_FOUND', 'UNSUPPORTED_MEDIA_TYPE'];
  return [
    'NOT_FOUND',
    'INVALID_ARGUMENT',
    'FAILED_PRECONDITION',
    'UNSUPPORTED_MEDIA_TYPE',
    'METHOD_NOT_ALLOWED',
  ];
}

/** Longer than the router reads: refused before anybody asks who calls. */
const isTooLong = (input: Input): boolean =>
  Object.values(input).some((value) => typeof value === 'string' && value.length > 100);

function judge(what: string, code: string | undefined, text: string, codes: string[], sent: string): void {
  probes += 1;
  if (code === undefined || !codes.includes(code)) wrong.push(`${what}: ${code ?? 'answered'}`);
  if (leaks(text, sent)) wrong.push(`${what}: leaks`);
}

async function probe(definition: OperationDefinition, credential: Credential, input: Input, kind: string) {
  const codes = [...allowed(definition, credential), ...(isTooLong(input) ? ['INVALID_ARGUMENT'] : [])];
  const what = `${definition.name} as ${credential.name}, ${kind}`;
  const sent = JSON.stringify(input);
  const rest = await overRest(rig, credential.key, definition, input);
  judge(`REST ${what}`, codeOf(rest), rest.text, codes, sent);
  if (definition.graphql === undefined || definition.kind === 'stream') return;
  const graphql = await overGraphql(rig, credential.key, definition, input);
  judge(`GraphQL ${what}`, graphql.code, JSON.stringify(graphql.body ?? {}), codes, sent);
}

const codeOf = ({ json, status }: RigAnswer): string | undefined =>
  typeof json['code'] === 'string' ? json['code'] : status === 404 ? 'NOT_FOUND' : undefined;

beforeAll(async () => {
  rig = await ApiRig.start();
  const people = await PeopleRig.over(rig);
  [own, foreign] = [await things(rig, people, 'own'), await things(rig, people, 'foreign')];
  const { key } = own.tenant;
  const ofRole = async (role: Role): Promise<Credential> => ({
    name: role,
    key: role === 'owner' ? key : await rig.key(key, role),
    actor: { role, platformOperator: false },
  });
  const revoked = await rig.call('POST', '/v1/keys', { key, body: { name: 'gone', role: 'owner' } });
  if (revoked.status !== 201) throw new Error('an owner may make an owner key');
  await rig.call('DELETE', `/v1/keys/${String(revoked.json['id'])}`, { key });
  credentials = [
    ...(await Promise.all(ROLES.map(ofRole))),
    { name: 'nobody', key: undefined },
    { name: 'a revoked key', key: String(revoked.json['secret']) },
    { name: 'noise', key: 'tow_noise' },
  ];
}, 60_000);
afterAll(() => rig.stop());

const aimed = registry.operations.filter((definition) => referencesOf(definition).length > 0);

it('answers nobody about what is foreign, unknown or no id at all', async () => {
  for (const definition of aimed) {
    const fields = referencesOf(definition);
    const theirs = inputFor(definition.name, fields, foreign);
    const unknown = {
      ...theirs,
      ...Object.fromEntries(fields.map((field) => [field, UNKNOWN[field] ?? 'none'])),
    };
    for (const credential of credentials) {
      await probe(definition, credential, theirs, 'foreign');
      await probe(definition, credential, unknown, 'unknown');
      for (const text of MALFORMED.slice(1)) {
        const malformed = { ...theirs, ...Object.fromEntries(fields.map((field) => [field, text])) };
        await probe(definition, credential, malformed, JSON.stringify(text.slice(0, 12)));
      }
    }
  }
  expect(wrong).toEqual([]);
}, 120_000);

/** What a face said, where it has one for the operation: `answered` when nothing was wrong. */
async function said(definition: OperationDefinition, key: string | undefined, input: Input) {
  const rest = await overRest(rig, key, definition, input);
  const outcomes = [['REST', codeOf(rest) ?? 'answered']];
  if (definition.graphql !== undefined && definition.kind !== 'stream') {
    const { code = 'answered' } = await overGraphql(rig, key, definition, input);
    outcomes.push(['GraphQL', code]);
  }
  probes += outcomes.length;
  return outcomes as ['REST' | 'GraphQL', string][];
}

/** What GraphQL wants before it asks for rights. */
const MORE: Record<string, Input> = {
  'organizations.create': { name: 'other' },
  'projects.create': { name: 'other' },
  'clusters.create': { name: 'other', runtime: 'local' },
  'invitations.join': { token: 'x' },
  'devices.get': { code: 'BCDF-GHJK' },
  'devices.decide': { code: 'BCDF-GHJK', approve: true },
  'passwords.change': { current: 'x', password: 'x' },
  'sessions.end': { session: 'ses_00000000000000000000' },
};

it('lets every role do to what is its own what the table of permissions says, and nothing else', async () => {
  const roles = credentials.filter(({ actor }) => actor !== undefined);
  for (const definition of registry.operations.filter(({ permission }) => permission !== 'anyone')) {
    const input = { ...MORE[definition.name], ...inputFor(definition.name, referencesOf(definition), own) };
    if ('cluster' in definition.input.shape) input['cluster'] = 'cls_00000000000000000000';
    for (const by of roles) {
      const may = mayCall(definition, by);
      // What it may change is left as it is: the others look at it, too.
      if (may && definition.kind !== 'query') continue;
      for (const [face, code] of await said(definition, by.key, input)) {
        // GraphQL looks at values before anybody asks for rights.
        const refused = code === 'PERMISSION_DENIED' || (face === 'GraphQL' && code === 'INVALID_ARGUMENT');
        if (may ? ['PERMISSION_DENIED', 'UNAUTHENTICATED'].includes(code) : !refused)
          wrong.push(`${face} ${definition.name} as ${by.name}, its own: ${code}`);
      }
    }
  }
  expect(wrong).toEqual([]);
}, 120_000);

it('finds nothing of what was deleted', async () => {
  const gone = await things(rig, await PeopleRig.over(rig), 'gone');
  const { key } = gone.tenant;
  const at = `/v1/projects/${gone.project.id}`;
  for (const path of [
    `${at}/services/${gone.service}`,
    `${at}/secrets/${gone.secret}`,
    `/v1/members/${gone.member}`,
  ])
    expect([path, (await rig.call('DELETE', path, { key })).status < 300]).toEqual([path, true]);
  // As the deployer does when nothing of it is left.
  await rig.database.query('UPDATE services SET removed_at = now() WHERE id = $1', [gone.service]);
  const deleted = ['service', 'secret', 'member'];
  for (const definition of registry.operations) {
    const fields = referencesOf(definition);
    if (!fields.some((field) => deleted.includes(field))) continue;
    const input = inputFor(definition.name, fields, gone);
    for (const [face, code] of await said(definition, key, input))
      // What was done to it can still be read.
      if (definition.name === 'operations.list') expect(code).toBe('answered');
      else if (!['NOT_FOUND', 'PERMISSION_DENIED', 'UNSUPPORTED_MEDIA_TYPE'].includes(code))
        wrong.push(`${face} ${definition.name}, deleted: ${code}`);
  }
  expect(wrong).toEqual([]);
}, 60_000);

/** The same route written otherwise: Fastify or a proxy may read it as the route, our guards must too. */
const FORMS: [string, (url: string) => string][] = [
  ['trailing slash', (url) => `${url}/`],
  ['double slash', (url) => url.replace('/v1/', '/v1//')],
  ['leading slashes', (url) => `/${url}`],
  ['upper case', (url) => url.toUpperCase()],
  ['matrix parameter', (url) => `${url};x=1`],
  ['encoded slash', (url) => url.replaceAll('/', '%2F').replace('%2F', '/')],
  ['encoded letters', (url) => url.replace('v1', '%76%31')],
  ['dot segment', (url) => url.replace('/v1/', '/v1/./')],
  ['parent segment', (url) => url.replace('/v1/', '/v1/x/../')],
  ['null byte', (url) => `${url}%00`],
  ['fragment', (url) => `${url}#x`],
];

/** An address that names a thing. */
const REFERRING = /_[0-9a-z]{20}|\/v1\/[a-z-]+\/./;

function urlOf(definition: OperationDefinition): string {
  const input = inputFor(definition.name, referencesOf(definition), foreign);
  const text = (field: string): string => {
    const given = input[field] ?? UNKNOWN[field];
    return typeof given === 'string' ? given : 'x';
  };
  return pathFields(definition.rest.path).reduce(
    (url, field) => url.replace(`{${field}}`, text(field)),
    definition.rest.path,
  );
}

async function tryForm(verb: string, url: string, [form, written]: (typeof FORMS)[number], by: Credential) {
  const headers = { 'x-http-method-override': 'DELETE', 'x-original-url': url };
  const answer = await rig.call(verb, written(url), { key: by.key, headers });
  probes += 1;
  const read = verb === 'GET' || verb === 'HEAD';
  const what = `${verb} ${url}, ${form}, ${by.name}`;
  if (leaks(answer.text, url)) wrong.push(`${what}: leaks`);
  // Whoever may call reads lists of its own, and changes what needs no name; all else names things of another organization.
  const isOwn = read || !REFERRING.test(url);
  if (answer.status < 300 && !(isOwn && by.actor)) wrong.push(`${what}: ${answer.status}`);
  if (answer.status >= 500) wrong.push(`${what}: ${answer.status}`);
}

it('reads no route in any other form past its guards', async () => {
  const tried = credentials.filter(({ name }) => name === 'nobody' || name === 'owner');
  for (const definition of registry.operations.filter(({ permission }) => permission !== 'anyone')) {
    const verbs = new Set([definition.rest.method, 'GET', 'HEAD', 'OPTIONS']);
    for (const by of tried)
      for (const form of FORMS) for (const verb of verbs) await tryForm(verb, urlOf(definition), form, by);
  }
  expect(wrong).toEqual([]);
}, 120_000);

it('has tried enough', () => {
  console.log(`${probes} probes over ${registry.operations.length} operations, ${wrong.length} wrong`);
  expect(probes).toBeGreaterThan(5_000);
});
