import { createHash } from 'node:crypto';
import type { Role } from '#libs/domain';
import { takeInvitation } from '#libs/store';
import { ApiRig, type RigAnswer } from '../api.rig.js';
import { PeopleRig, type RigPerson } from '../people.rig.js';

let rig: ApiRig;
let people: PeopleRig;

beforeAll(async () => {
  rig = await ApiRig.start();
  people = await PeopleRig.over(rig);
}, 60_000);
afterAll(() => rig.stop());

interface Team {
  key: string;
  owner: RigPerson;
  admin: RigPerson;
  viewer: RigPerson;
}

async function team(): Promise<Team> {
  const { organizationId, key } = await rig.tenant();
  const [owner, admin, viewer] = [
    await people.person(organizationId, 'owner'),
    await people.person(organizationId, 'admin'),
    await people.person(organizationId, 'viewer'),
  ];
  return { key, owner, admin, viewer };
}

const update = (by: RigPerson, member: string, role: Role): Promise<RigAnswer> =>
  rig.call('PATCH', `/v1/members/${member}`, { key: by.token, body: { role } });
const remove = (by: RigPerson, member: string): Promise<RigAnswer> =>
  rig.call('DELETE', `/v1/members/${member}`, { key: by.token });
const leave = (by: RigPerson): Promise<RigAnswer> =>
  rig.call('POST', '/v1/members/leave', { key: by.token, body: {} });
const invite = (key: string, body: object): Promise<RigAnswer> =>
  rig.call('POST', '/v1/invitations', { key, body });

describe('members', () => {
  it('are listed with their addresses, found by id or address, and changed by who may', async () => {
    const { owner, admin, viewer } = await team();
    const list = await rig.call('GET', '/v1/members?limit=2', { key: admin.token });
    expect(list.json).toMatchObject({ nextCursor: expect.any(String) as string });
    const changed = await update(admin, viewer.email.toUpperCase(), 'developer');
    expect(changed).toMatchObject({
      status: 200,
      json: { id: viewer.userId, role: 'developer', version: '2' },
    });
    expect((await rig.call('GET', '/v1/members', { key: viewer.token })).status).toBe(403);
    const audit = await rig.call('GET', '/v1/audit', { key: owner.token });
    expect((audit.json['items'] as object[])[0]).toMatchObject({
      action: 'members.update',
      actor: admin.userId,
      object: viewer.userId,
      before: { role: 'viewer' },
      after: { role: 'developer' },
    });
  });

  it('get no more than who gives has, and lose nothing to who has less', async () => {
    const { owner, admin, viewer } = await team();
    for (const answer of [
      await update(admin, viewer.userId, 'owner'),
      await update(admin, owner.userId, 'viewer'),
      await remove(admin, owner.userId),
      await update(viewer, viewer.userId, 'admin'),
      await invite(admin.token, { email: 'a@example.com', role: 'owner' }),
      await invite(owner.token, { email: 'a@example.com', role: 'viewer', platformOperator: true }),
    ]) {
      expect([answer.status, answer.json['code']]).toEqual([403, 'PERMISSION_DENIED']);
    }
  });

  it('keep one owner, also of two that go at once', async () => {
    const { owner, admin, viewer } = await team();
    for (const answer of [
      await leave(owner),
      await update(owner, owner.userId, 'viewer'),
      await remove(owner, owner.userId),
    ]) {
      expect([answer.status, answer.json['code']]).toEqual([409, 'FAILED_PRECONDITION']);
    }
    expect((await update(owner, admin.userId, 'owner')).status).toBe(200);
    const both = await Promise.all([leave(owner), leave(admin)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await leave(viewer)).status).toBe(200);
  });

  it('keep one owner of many that go and are demoted at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { owner, admin } = await team();
      await update(owner, admin.userId, 'owner');
      const more = [
        await people.person(owner.organizationId, 'owner'),
        await people.person(owner.organizationId, 'owner'),
      ];
      const all = [owner, admin, ...more];
      const answers = await Promise.all(
        all.map((one, at) => (at % 2 === 0 ? leave(one) : update(one, one.userId, 'viewer'))),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 409]);
      const owners = await rig.database.query(
        `SELECT 1 FROM memberships WHERE organization_id = $1 AND role = 'owner'`,
        [owner.organizationId],
      );
      expect(owners).toHaveLength(1);
    }
  }, 20_000);

  it('of another organization are not found', async () => {
    const [ours, theirs] = [await team(), await team()];
    expect((await update(ours.owner, theirs.viewer.userId, 'admin')).status).toBe(404);
    expect((await remove(ours.owner, theirs.viewer.email)).status).toBe(404);
  });

  it('are no business of a key of one project', async () => {
    const { key } = await team();
    const { id } = await rig.project(key);
    const scoped = await rig.key(key, 'admin', { project: id });
    expect((await rig.call('GET', '/v1/members', { key: scoped })).status).toBe(403);
    expect((await invite(scoped, { email: 'a@example.com', role: 'viewer' })).status).toBe(403);
  });
});

describe('invitations', () => {
  it('show their token once, also when asked again with the same key, and nowhere else', async () => {
    const { owner } = await team();
    const request = {
      key: owner.token,
      body: { email: ' New@Example.com', role: 'developer' },
      headers: { 'idempotency-key': 'inv-1' },
    };
    const made = await rig.call('POST', '/v1/invitations', request);
    expect(made).toMatchObject({ status: 201, json: { email: 'new@example.com', open: true } });
    expect((await rig.call('POST', '/v1/invitations', request)).json).toEqual(made.json);
    const { token, link } = made.json as { token: string; link: string };
    expect(link).toBe(`${rig.parts.installation.apiUrl}#${token}`);
    const list = await rig.call('GET', '/v1/invitations', { key: owner.token });
    expect(list.json['items']).toHaveLength(1);
    expect(list.text + (await rig.dump())).not.toContain(token);
    const revoked = await rig.call('DELETE', `/v1/invitations/${String(made.json['id'])}`, {
      key: owner.token,
    });
    expect(revoked.json).toMatchObject({ open: false, revokedAt: expect.any(String) as string });
    const again = await rig.call('DELETE', `/v1/invitations/${String(made.json['id'])}`, {
      key: owner.token,
    });
    expect(again.json['code']).toBe('FAILED_PRECONDITION');
    const taken = await rig.parts.db.asSystem((tx) =>
      takeInvitation(tx, createHash('sha256').update(token).digest(), 'usr_0', Date.now()),
    );
    expect(taken).toBeUndefined();
  });

  it('are refused for members and for what is no address', async () => {
    const { owner, viewer } = await team();
    const member = await invite(owner.token, { email: viewer.email, role: 'viewer' });
    expect(member.json).toMatchObject({ code: 'ALREADY_EXISTS', violations: [{ field: 'email' }] });
    const noise = await invite(owner.token, { email: 'nobody', role: 'viewer' });
    expect(noise.json).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field: 'email' }] });
  });

  it('end with the rights of who made them: a demoted member, a removed one, a revoked key', async () => {
    const { key, owner, admin } = await team();
    const maker = await rig.key(key, 'admin');
    const keys = await rig.call('GET', '/v1/keys', { key });
    const { id } = (keys.json['items'] as { id: string; name: string }[]).find(
      ({ name }) => name === 'admin',
    ) ?? {
      id: '',
    };
    const open = async (): Promise<number> => {
      const list = await rig.call('GET', '/v1/invitations', { key: owner.token });
      return (list.json['items'] as { open: boolean }[]).filter((one) => one.open).length;
    };
    await invite(admin.token, { email: 'x1@example.com', role: 'admin' });
    await invite(maker, { email: 'x2@example.com', role: 'admin' });
    await invite(owner.token, { email: 'x3@example.com', role: 'admin' });
    expect(await open()).toBe(3);
    await update(owner, admin.userId, 'viewer');
    expect(await open()).toBe(2);
    await rig.call('DELETE', `/v1/keys/${id}`, { key });
    expect(await open()).toBe(1);
  });
});
