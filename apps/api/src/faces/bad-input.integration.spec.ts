import { ApiRig, emptyArchive, type RigRequest } from '../api.rig.js';

let rig: ApiRig;
let key: string;
let project: string;
let uploadId: string;

beforeAll(async () => {
  rig = await ApiRig.start();
  key = (await rig.tenant()).key;
  project = (await rig.project(key)).id;
  await rig.service(key, project, 'hello');
  uploadId = await rig.upload(key, project);
}, 60_000);
afterAll(() => rig.stop());

const services = (): string => `/v1/projects/${project}/services`;
const hello = (): string => `${services()}/hello`;
const template = (more: object = {}): object => ({ source: { uploadId }, ...more });

type Row = [
  string,
  () => [method: string, url: string, request: RigRequest],
  number,
  string,
  (string | undefined)[]?,
];

const ROWS: Row[] = [
  [
    'name',
    () => ['POST', services(), { body: { name: 'My--Shop', template: template() } }],
    400,
    'INVALID_ARGUMENT',
    ['name'],
  ],
  ['no template', () => ['POST', services(), { body: { name: 'a' } }], 400, 'INVALID_ARGUMENT', ['template']],
  [
    'unknown fields',
    () => ['POST', services(), { body: { name: 'a', template: template({ x: 1 }), y: 2 } }],
    400,
    'INVALID_ARGUMENT',
    ['template.x', 'y'],
  ],
  [
    'all at once',
    () => [
      'POST',
      services(),
      { body: { name: 'A', template: template({ port: 0, env: [{ name: 'PORT', value: '' }] }) } },
    ],
    400,
    'INVALID_ARGUMENT',
    ['name', 'template.env[0].name', 'template.port'],
  ],
  [
    'no such upload',
    () => [
      'POST',
      services(),
      { body: { name: 'a', template: { source: { uploadId: 'upl_00000000000000000000' } } } },
    ],
    400,
    'INVALID_ARGUMENT',
    ['template.source.uploadId'],
  ],
  [
    'no such secret',
    () => [
      'POST',
      services(),
      { body: { name: 'a', template: template({ env: [{ name: 'A', secret: { name: 'nope' } }] }) } },
    ],
    400,
    'INVALID_ARGUMENT',
    ['template.env[0].secret.name'],
  ],
  [
    'an image on the local runtime',
    () => ['POST', services(), { body: { name: 'a', template: { image: 'nginx' } } }],
    422,
    'NOT_SUPPORTED',
    ['template.image'],
  ],
  [
    'what only containers have, on the local runtime',
    () => [
      'POST',
      services(),
      {
        body: {
          name: 'a',
          template: { ...template(), args: ['x'], volumes: [{ name: 'v', mountPath: '/v' }] },
        },
      },
    ],
    422,
    'NOT_SUPPORTED',
    ['template.args', 'template.volumes'],
  ],
  [
    'a sidecar with a port, another without an image',
    () => [
      'POST',
      services(),
      {
        body: {
          name: 'a',
          template: { ...template(), sidecars: [{ name: 'x', image: 'a', port: 80 }] },
        },
      },
    ],
    400,
    'INVALID_ARGUMENT',
    ['template.sidecars[0].port'],
  ],
  [
    'sidecars that cannot be, on the local runtime',
    () => [
      'POST',
      services(),
      { body: { name: 'a', template: { ...template(), sidecars: [{ name: 'app' }] } } },
    ],
    400,
    'INVALID_ARGUMENT',
    ['template.sidecars[0].name', 'template.sidecars[0].image'],
  ],
  [
    'a probe without its path, a file in a place of others',
    () => [
      'POST',
      services(),
      {
        body: {
          name: 'a',
          template: {
            ...template(),
            probes: { startup: { type: 'http' } },
            files: [{ path: '/tmp/key', secret: { name: 'none' } }],
          },
        },
      },
    ],
    400,
    'INVALID_ARGUMENT',
    ['template.probes.startup.path', 'template.files[0].path', 'template.files[0].secret.name'],
  ],
  [
    'tag and name too long',
    () => ['POST', services(), { body: { name: 'a'.repeat(40), template: template(), tag: 'canary' } }],
    400,
    'INVALID_ARGUMENT',
    ['traffic[1].tag'],
  ],
  [
    'NUL',
    () => [
      'POST',
      services(),
      { body: { name: 'a', template: template({ env: [{ name: 'A', value: 'a\0b' }] }) } },
    ],
    400,
    'INVALID_ARGUMENT',
    ['template.env[0].value'],
  ],
  [
    'duplicate name',
    () => ['POST', services(), { body: { name: 'hello', template: template() } }],
    409,
    'ALREADY_EXISTS',
    ['name'],
  ],
  [
    'stale version',
    () => ['PATCH', hello(), { body: { access: 'public', version: '99' } }],
    409,
    'VERSION_CONFLICT',
    ['version'],
  ],
  [
    'stale If-Match',
    () => ['PATCH', hello(), { body: { access: 'public' }, headers: { 'if-match': '"99"' } }],
    409,
    'VERSION_CONFLICT',
    ['version'],
  ],
  [
    'noTraffic before a revision',
    () => ['PATCH', hello(), { body: { noTraffic: true } }],
    409,
    'FAILED_PRECONDITION',
    ['noTraffic'],
  ],
  [
    'percents',
    () => ['PUT', `${hello()}/traffic`, { body: { traffic: [{ revision: 'latest', percent: 99 }] } }],
    400,
    'INVALID_ARGUMENT',
    ['traffic'],
  ],
  [
    'no such revision',
    () => ['PUT', `${hello()}/traffic`, { body: { traffic: [{ revision: 'hello-00009', percent: 100 }] } }],
    400,
    'INVALID_ARGUMENT',
    ['traffic[0].revision'],
  ],
  [
    'rollback to no change',
    () => ['POST', `${hello()}/rollback`, { body: { to: 9 } }],
    400,
    'INVALID_ARGUMENT',
    ['to'],
  ],
  ['rollback before any', () => ['POST', `${hello()}/rollback`, {}], 409, 'FAILED_PRECONDITION'],
  [
    'number as text',
    () => ['PATCH', hello(), { body: { minInstances: '1' } }],
    400,
    'INVALID_ARGUMENT',
    ['minInstances'],
  ],
  [
    'a field of the path in the body',
    () => ['PATCH', hello(), { body: { project: 'x' } }],
    400,
    'INVALID_ARGUMENT',
    ['project'],
  ],
  [
    'an unknown query parameter',
    () => ['POST', `${services()}?name=a`, { body: { name: 'a', template: template() } }],
    400,
    'INVALID_ARGUMENT',
    ['name'],
  ],
  [
    'a long wait',
    () => ['PATCH', `${hello()}?wait=601s`, { body: { access: 'public' } }],
    400,
    'INVALID_ARGUMENT',
    ['wait'],
  ],
  ['a list as body', () => ['POST', '/v1/projects', { body: [] }], 400, 'INVALID_ARGUMENT', ['body']],
  [
    'broken JSON',
    () => ['POST', '/v1/projects', { payload: '{"name":', headers: { 'content-type': 'application/json' } }],
    400,
    'INVALID_ARGUMENT',
  ],
  [
    'poisoned JSON',
    () => [
      'POST',
      '/v1/projects',
      { payload: '{"__proto__":{"x":1}}', headers: { 'content-type': 'application/json' } },
    ],
    400,
    'INVALID_ARGUMENT',
  ],
  [
    'XML',
    () => ['POST', '/v1/projects', { payload: '<a/>', headers: { 'content-type': 'application/xml' } }],
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  [
    'a stale version in a body that names itself a merge patch',
    () => [
      'PATCH',
      hello(),
      {
        payload: '{"access":"public"}',
        headers: { 'content-type': 'application/merge-patch+json', 'if-match': '"99"' },
      },
    ],
    409,
    'VERSION_CONFLICT',
    ['version'],
  ],
  [
    'a huge body',
    () => ['POST', '/v1/projects', { body: { name: 'x'.repeat(1_100_000) } }],
    413,
    'PAYLOAD_TOO_LARGE',
  ],
  ['no such address', () => ['GET', '/v1/nothing', {}], 404, 'NOT_FOUND'],
  ['wrong method', () => ['PUT', '/v1/projects', { body: {} }], 405, 'METHOD_NOT_ALLOWED'],
  ['a broken escape', () => ['GET', '/v1/projects/%zz', {}], 400, 'INVALID_ARGUMENT'],
  ['NUL in a path', () => ['GET', '/v1/projects/a%00b', {}], 400, 'INVALID_ARGUMENT', ['project']],
  ['limit 0', () => ['GET', '/v1/projects?limit=0', {}], 400, 'INVALID_ARGUMENT', ['limit']],
  ['limit 10^9', () => ['GET', '/v1/projects?limit=1000000000', {}], 400, 'INVALID_ARGUMENT', ['limit']],
  ['a forged cursor', () => ['GET', '/v1/projects?cursor=abc', {}], 400, 'INVALID_ARGUMENT', ['cursor']],
  [
    'a cursor of another list',
    () => [
      'GET',
      `/v1/projects?cursor=${Buffer.from('keys.list key_00000000000000000000').toString('base64url')}`,
      {},
    ],
    400,
    'INVALID_ARGUMENT',
    ['cursor'],
  ],
  [
    'a past expiry',
    () => ['POST', '/v1/keys', { body: { name: 'k', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' } }],
    400,
    'INVALID_ARGUMENT',
    ['expiresAt'],
  ],
  [
    'no such role',
    () => ['POST', '/v1/keys', { body: { name: 'k', role: 'god' } }],
    400,
    'INVALID_ARGUMENT',
    ['role'],
  ],
  [
    'sign-in without a password',
    () => ['POST', '/v1/sessions', { body: { email: 'ann@example.com', role: 'owner' } }],
    400,
    'INVALID_ARGUMENT',
    ['password', 'role'],
  ],
  [
    'NUL in a password',
    () => ['POST', '/v1/sessions', { body: { email: 'ann@example.com', password: 'a\0b' } }],
    400,
    'INVALID_ARGUMENT',
    ['password'],
  ],
  [
    'a password of a megabyte',
    () => ['POST', '/v1/sessions', { body: { email: 'a@example.com', password: 'x'.repeat(500_000) } }],
    400,
    'INVALID_ARGUMENT',
    ['password'],
  ],
  [
    'a refresh token that is a list',
    () => ['POST', '/v1/sessions/refresh', { body: { refreshToken: ['x'] } }],
    400,
    'INVALID_ARGUMENT',
    ['refreshToken'],
  ],
  [
    'an invitation for no address',
    () => ['POST', '/v1/invitations', { body: { email: 'ann', role: 'viewer' } }],
    400,
    'INVALID_ARGUMENT',
    ['email'],
  ],
  [
    'a role that does not exist for a member',
    () => ['PATCH', '/v1/members/nobody', { body: { role: 'god' } }],
    400,
    'INVALID_ARGUMENT',
    ['role'],
  ],
  [
    'no such member',
    () => ['PATCH', '/v1/members/nobody@example.com', { body: { role: 'viewer' } }],
    404,
    'NOT_FOUND',
  ],
  ['what only a person may', () => ['GET', '/v1/sessions', {}], 403, 'PERMISSION_DENIED'],
  [
    'handle',
    () => ['POST', '/v1/projects', { body: { name: 'p', handle: 'xn--p' } }],
    400,
    'INVALID_ARGUMENT',
    ['handle'],
  ],
  [
    'empty secret',
    () => ['POST', `/v1/projects/${project}/secrets`, { body: { name: 's', value: '' } }],
    400,
    'INVALID_ARGUMENT',
    ['value'],
  ],
  [
    'long secret',
    () => ['POST', `/v1/projects/${project}/secrets`, { body: { name: 's', value: 'x'.repeat(65_537) } }],
    400,
    'INVALID_ARGUMENT',
    ['value'],
  ],
  ['project with services', () => ['DELETE', `/v1/projects/${project}`, {}], 409, 'FAILED_PRECONDITION'],
  ['last owner key', () => ['DELETE', '/v1/keys/key_00000000000000000000', {}], 404, 'NOT_FOUND'],
  ['month', () => ['GET', '/v1/bill?month=2026-13', {}], 400, 'INVALID_ARGUMENT', ['month']],
  [
    'day',
    () => ['GET', `/v1/projects/${project}/usage?from=2026-02-31x`, {}],
    400,
    'INVALID_ARGUMENT',
    ['from'],
  ],
  ['upload that is no archive', () => upload(Buffer.from('nothing')), 400, 'INVALID_ARGUMENT', ['archive']],
  [
    'upload that climbs',
    () => upload(emptyArchive('../../etc/passwd')),
    400,
    'INVALID_ARGUMENT',
    ['archive'],
  ],
  [
    'upload with another digest',
    () => upload(emptyArchive(), { 'content-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` }),
    400,
    'INVALID_ARGUMENT',
    ['digest'],
  ],
  [
    'upload with a broken digest',
    () => upload(emptyArchive(), { 'content-digest': 'md5=:x:' }),
    400,
    'INVALID_ARGUMENT',
    ['Content-Digest'],
  ],
  [
    'upload as JSON',
    () => ['POST', `/v1/projects/${project}/uploads`, { body: {} }],
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
];

function upload(payload: Buffer, headers: Record<string, string> = {}): [string, string, RigRequest] {
  return [
    'POST',
    `/v1/projects/${project}/uploads`,
    { payload, headers: { 'content-type': 'application/gzip', ...headers } },
  ];
}

describe('bad input', () => {
  it.each(ROWS.map((row) => ({ row, what: row[0] })))(
    '$what',
    async ({ row }) => {
      const [, make, status, code, fields] = row;
      const [method, url, request] = make();
      const before = await rig.dump();
      const answer = await rig.call(method, url, { key, ...request });
      expect(answer.json).toMatchObject({ status, code, requestId: answer.headers['x-request-id'] });
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      if (fields) {
        const violations = answer.json['violations'] as { field: string }[] | undefined;
        expect(violations?.map(({ field }) => field)).toEqual(fields);
      }
      expect(withoutUse(await rig.dump())).toEqual(withoutUse(before));
    },
    5_000,
  );

  it('through GraphQL has the same codes and reasons', async () => {
    const mutation = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }`;
    const answer = await rig.graphql(key, mutation, { input: { name: 'A--b', handle: 'xn--p' } });
    expect(answer.errors?.[0]?.extensions).toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field: 'name' }, { field: 'handle' }],
    });
    for (const query of ['{', '{ nothing }', `{ ${'a: whoami { actor { id } } '.repeat(40)} }`]) {
      const refused = await rig.graphql(key, query);
      expect(refused.errors?.[0]?.extensions['code']).toBe('INVALID_ARGUMENT');
    }
    const anonymous = await rig.graphql(undefined, '{ whoami { actor { id } } }');
    expect(anonymous.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });

  it('the last owner key cannot be revoked', async () => {
    const lonely = await rig.tenant();
    const list = await rig.call('GET', '/v1/keys', { key: lonely.key });
    const [only] = list.json['items'] as { id: string }[];
    const refused = await rig.call('DELETE', `/v1/keys/${only?.id}`, { key: lonely.key });
    expect(refused.json['code']).toBe('FAILED_PRECONDITION');
  });
});

/** When a key was used last is noted beside the requests. */
function withoutUse(dump: string): string {
  return dump.replace(/last_used_at\\":\\?"?[^,}]*/g, '');
}
