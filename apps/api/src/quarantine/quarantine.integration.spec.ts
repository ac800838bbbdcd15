import { newId, type Id } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;
let tenant: RigTenant;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  tenant = await rig.tenant('tenant');
}, 60_000);
afterAll(() => rig.stop());

async function refused(reason: string, of = tenant, body: object = {}): Promise<number> {
  const [row] = await rig.database.query<{ number: number }>(
    `INSERT INTO usage_quarantine (producer, position, reason, digest, body, received_at)
     SELECT 'spl_00000000000000000000', count(*), $1, 'd', jsonb_build_object('organizationId', $2::text) || $3, now()
     FROM usage_quarantine RETURNING number`,
    [reason, of.organizationId, body],
  );
  return row?.number ?? 0;
}
interface Used {
  serviceId: string;
  revisionId: Id<'rev'>;
}
/** A service and its first revision. */
async function usedService({ organizationId, key }: RigTenant, name: string): Promise<Used> {
  const project = await rig.project(key, `p-${name}`);
  const made = await rig.service(key, project.id, name);
  const { id: serviceId } = made.json['service'] as { id: string };
  const revisionId = newId('rev', Date.now(), systemRandom);
  await rig.database.query(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at) VALUES ($1, $2, $3, $4, $5, 1, 1, '{}', '{}', now())`,
    [organizationId, revisionId, project.id, serviceId, `${name}-00001`],
  );
  return { serviceId, revisionId };
}
const list = async (query = '', key = operator.key): Promise<number[]> => {
  const { json } = await rig.call('GET', `/v1/quarantine?${query}`, { key });
  return (json['items'] as { number: number }[]).map(({ number }) => number);
};
const release = (body: object, of = tenant, key = operator.key): Promise<RigAnswer> =>
  rig.call('POST', `/v1/organizations/${of.organizationId}/quarantine/release`, { key, body });

it('is listed for operators, newest first, by reason, organization and whether it waits', async () => {
  const other = await rig.tenant('other');
  const long = await refused('too_long');
  const service = await refused('unknown_service');
  const theirs = await refused('unknown_service', other);
  const mine = `organization=${tenant.organizationId}`;
  expect(await list()).toEqual([theirs, service, long]);
  expect(await list('reason=unknown_service')).toEqual([theirs, service]);
  expect(await list(mine)).toEqual([service, long]);
  expect((await release({ numbers: [long] })).json).toEqual({ released: 1 });
  expect(await list(`${mine}&waiting=true`)).toEqual([service]);
  const page = await rig.call('GET', '/v1/quarantine?limit=2', { key: operator.key });
  expect(page.json['items']).toMatchObject([
    { number: theirs, reason: 'unknown_service', record: `{"organizationId": "${other.organizationId}"}` },
    { number: service },
  ]);
  expect(await list(`limit=2&cursor=${String(page.json['nextCursor'])}`)).toEqual([long]);
  const [released] = (await rig.call('GET', '/v1/quarantine?reason=too_long', { key: operator.key })).json[
    'items'
  ] as Record<string, unknown>[];
  expect(released).toMatchObject({ number: long, releasedBy: expect.stringMatching(/^key_/) as string });
  expect(released).not.toHaveProperty('outcome');
});

it('is released once, all of a reason or by number, and the organization reads of it', async () => {
  const of = await rig.tenant('released');
  const [one, two] = [await refused('unknown_revision', of), await refused('unknown_revision', of)];
  await refused('too_long', of);
  expect((await release({ reason: 'unknown_revision' }, of)).json).toEqual({ released: 2 });
  expect((await release({ reason: 'unknown_revision' }, of)).json).toEqual({ released: 0 });
  const rows = await rig.database.query<{ number: number }>(
    `SELECT number FROM usage_quarantine WHERE body->>'organizationId' = $1 AND released_at IS NOT NULL ORDER BY number`,
    [of.organizationId],
  );
  expect(rows.map(({ number }) => number)).toEqual([one, two]);
  const audit = await rig.call('GET', '/v1/audit', { key: of.key });
  const said = (audit.json['items'] as { action: string; after?: object }[]).map(({ action, after }) => [
    action,
    after,
  ]);
  expect(said).toHaveLength(2);
  expect(said).toContainEqual(['quarantine.release', { released: 2, reason: 'unknown_revision' }]);
  expect(said).toContainEqual(['quarantine.release', { released: 0, reason: 'unknown_revision' }]);
});

it('is released all or not at all: what can never be billed or is of another organization is named', async () => {
  const other = await rig.tenant('another');
  const good = await refused('too_long');
  const never = await refused('malformed');
  const theirs = await refused('too_long', other);
  const answer = await release({ numbers: [good, never, theirs] });
  expect(answer.json).toMatchObject({
    code: 'FAILED_PRECONDITION',
    violations: [{ field: 'numbers', message: `cannot hold ${never}, ${theirs}` }],
  });
  expect(await list(`organization=${tenant.organizationId}&waiting=true`)).toEqual(
    expect.arrayContaining([good, never]),
  );
});

it('is corrected one by one, with why, whatever the reason; the organization reads of it', async () => {
  const of = await rig.tenant('corrected');
  const [ended, taken] = [await refused('not_positive', of), await refused('identity_conflict', of)];
  const because = 'its log says so';
  const end = '2026-11-21T12:00:00.000Z';
  expect((await release({ numbers: [ended], end, because }, of)).json).toEqual({ released: 1 });
  expect((await release({ numbers: [taken], newIdentity: true, because }, of)).json).toEqual({ released: 1 });
  const query = `/v1/quarantine?organization=${of.organizationId}`;
  const { json } = await rig.call('GET', query, { key: operator.key });
  const producer = expect.stringMatching(/^spl_/) as string;
  expect(json['items']).toMatchObject([
    { number: taken, correction: { producer, position: '0' }, because },
    { number: ended, correction: { end }, because, record: `{"organizationId": "${of.organizationId}"}` },
  ]);
  const audit = await rig.call('GET', '/v1/audit', { key: of.key });
  expect(audit.json['items']).toContainEqual(
    expect.objectContaining({
      action: 'quarantine.release',
      after: { released: 1, numbers: [ended], correction: { endMs: Date.parse(end) }, because },
    }),
  );
});

it('is given a revision of its service, by name or id, and of no other service or organization', async () => {
  const [of, other] = [await rig.tenant('revised'), await rig.tenant('neighbour')];
  const services = [
    await usedService(of, 'web'),
    await usedService(of, 'api'),
    await usedService(other, 'web'),
  ];
  const [mine, beside, theirs] = services as [Used, Used, Used];
  const number = await refused('missing_revision', of, { serviceId: mine.serviceId });
  const because = 'the log of its gateway names it';
  const say = (revision: string, of_ = of) => release({ numbers: [number], revision, because }, of_);
  for (const revision of [beside.revisionId, theirs.revisionId, 'nothing', 'api-00001'])
    expect((await say(revision)).json).toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field: 'revision', message: 'is no revision of the service that the record names' }],
    });
  expect((await say(mine.revisionId, other)).json).toMatchObject({ violations: [{ field: 'numbers' }] });
  expect((await release({ numbers: [number], revision: mine.revisionId }, of)).json).toMatchObject({
    violations: [{ field: 'because' }],
  });
  expect(await list(`organization=${of.organizationId}&waiting=true`)).toEqual([number]);
  for (const revision of [mine.revisionId, 'web-00001']) {
    expect((await say(revision)).json).toEqual({ released: 1 });
    const { json } = await rig.call('GET', `/v1/quarantine?organization=${of.organizationId}`, {
      key: operator.key,
    });
    expect(json['items']).toMatchObject([{ number, correction: { revision: mine.revisionId }, because }]);
    // billing looked at it in vain
    await rig.database.query(
      `UPDATE usage_quarantine SET settled_at = now(), outcome = $2 WHERE number = $1`,
      [number, 'not_positive'],
    );
  }
  const audit = await rig.call('GET', '/v1/audit', { key: of.key });
  expect(audit.json['items']).toContainEqual(
    expect.objectContaining({
      action: 'quarantine.release',
      after: { released: 1, numbers: [number], correction: { revisionId: mine.revisionId }, because },
    }),
  );
});

it('is dismissed all or not at all, stays listed as such, and is released no more', async () => {
  const [never, long, after] = [
    await refused('malformed'),
    await refused('too_long'),
    await refused('malformed'),
  ];
  const dismiss = (body: object, key = operator.key): Promise<RigAnswer> =>
    rig.call('POST', '/v1/quarantine/dismiss', { key, body });
  const because = 'a gateway was tested';
  expect((await dismiss({ numbers: [never], because }, tenant.key)).status).toBe(403);
  expect((await dismiss({ numbers: [never] })).json).toMatchObject({ violations: [{ field: 'because' }] });
  expect((await dismiss({ because })).json).toMatchObject({ violations: [{ field: 'reason' }] });
  expect((await dismiss({ numbers: [never, 999_999], because })).json).toMatchObject({
    violations: [{ field: 'numbers', message: 'cannot hold 999999' }],
  });
  expect((await dismiss({ numbers: [never, long], because })).json).toEqual({ dismissed: 2 });
  expect((await dismiss({ numbers: [long], because })).json).toMatchObject({ code: 'FAILED_PRECONDITION' });
  expect((await release({ numbers: [long] })).json).toMatchObject({ code: 'FAILED_PRECONDITION' });
  const mine = `organization=${tenant.organizationId}`;
  const waiting = await list(`${mine}&waiting=true`);
  expect([waiting.includes(never), waiting.includes(long), waiting.includes(after)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(await list(mine)).toEqual(expect.arrayContaining([never, long]));
  expect((await dismiss({ reason: 'malformed', because })).json['dismissed']).toBeGreaterThan(0);
  expect(await list(`${mine}&waiting=true`)).not.toContain(after);
  const audit = await rig.call('GET', '/v1/audit', { key: operator.key });
  expect(audit.json['items']).toContainEqual(
    expect.objectContaining({
      action: 'quarantine.dismiss',
      after: { dismissed: 2, numbers: [never, long], because },
    }),
  );
});

it.each<[string, object, string]>([
  [
    'a correction of no named record',
    { reason: 'too_long', end: '2026-11-21T12:00:00Z', because: 'x' },
    'numbers',
  ],
  ['a correction without why', { numbers: [1], newIdentity: true }, 'because'],
  ['why without a correction', { numbers: [1], because: 'x' }, 'because'],
  ['an end that is no time', { numbers: [1], end: 'noon', because: 'x' }, 'end'],
  ['neither', {}, 'reason'],
  ['both', { reason: 'too_long', numbers: [1] }, 'reason'],
  ['no numbers', { numbers: [] }, 'numbers'],
  ['a reason that nothing can change', { reason: 'malformed' }, 'reason'],
])('refuses %s', async (_name, body, field) => {
  const { json } = await release(body);
  expect(json).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field }] });
});

it('is no tenant’s to see or to release', async () => {
  expect((await rig.call('GET', '/v1/quarantine', { key: tenant.key })).status).toBe(403);
  expect((await release({ reason: 'too_long' }, tenant, tenant.key)).status).toBe(403);
  const nowhere = { ...tenant, organizationId: 'org_00000000000000000000' } as const;
  expect((await release({ reason: 'too_long' }, nowhere)).status).toBe(404);
});
