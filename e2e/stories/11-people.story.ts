import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Api, type Problem } from '../support/api.js';
import { PASSWORD, Person, inviteTo, newEmail, type SignedInJson } from '../support/person.js';
import { filesNaming } from '../support/processes.js';
import { Tenant } from '../support/tenant.js';
import { towWith } from '../support/tow.js';
import { until } from '../support/until.js';

/** What a code of a device looks like. */
const CODE = /[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}/;

describe('people', () => {
  let tenant: Tenant;
  let anybody: Api;
  let uploadId: string;
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-people-'));
  const config = (name: string): string => path.join(folder, `${name}.json`);

  beforeAll(async () => {
    tenant = await Tenant.create('people');
    anybody = new Api(tenant.api.url, '');
    uploadId = await tenant.upload({ Procfile: 'web: true' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const deploy = (by: Api, name: string) =>
    by.request('POST', `/v1/projects/${tenant.project}/services`, {
      name,
      template: { source: { uploadId } },
    });

  it('are invited, accept, sign in, deploy by right of their role, and are refused within 5 s of losing it', async () => {
    const email = newEmail('ann');
    const token = await inviteTo(tenant, email, 'developer');
    const ann = await Person.accept(anybody.url, token);
    expect(ann.signedIn.organization).toMatchObject({ id: tenant.organizationId, role: 'developer' });
    const again = await anybody.request('POST', '/v1/invitations/accept', { token, password: PASSWORD });
    expect(again).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });

    const signedIn = await anybody.ok<SignedInJson>('POST', '/v1/sessions', { email, password: PASSWORD });
    const there = Person.of(anybody.url, signedIn);
    const who = await there.api.ok<{ user: { email: string } }>('GET', '/v1/whoami');
    expect(who.user.email).toBe(email);
    expect((await deploy(there.api, 'hers')).status).toBe(202);
    expect((await there.api.request('GET', '/v1/members')).status).toBe(403);

    await tenant.api.ok('PATCH', `/v1/members/${email}`, { role: 'viewer' });
    await until('the demoted member is refused', 5_000, async () => {
      // Who may write is told that there is no such service, and nothing is written.
      const refused = await there.api.request('PATCH', tenant.at('nothing'), { minInstances: 0 });
      return refused.status === 403 && refused.body.code === 'PERMISSION_DENIED';
    });
    expect((await there.api.request('GET', tenant.at('hers'))).status).toBe(200);
    await tenant.api.ok('DELETE', `/v1/members/${email}`);
    await until('the removed member is refused', 5_000, async () => {
      return (await there.api.request('GET', tenant.at('hers'))).status === 401;
    });
    const audit = JSON.stringify(await tenant.api.ok('GET', '/v1/audit'));
    for (const action of ['invitations.create', 'invitations.accept', 'sessions.create', 'members.remove']) {
      expect(audit).toContain(`"${action}"`);
    }
  });

  it('are told the same of an unknown address and a wrong password, and are slowed down', async () => {
    const ann = await Person.create(tenant, 'slow', 'viewer');
    const attempt = (email: string) =>
      anybody.request<Problem>('POST', '/v1/sessions', { email, password: 'wrong but long' });
    const [wrong, unknown] = [await attempt(ann.email), await attempt(newEmail('nobody'))];
    const told = ({ status, body: { requestId: _one, ...body } }: typeof wrong) => ({ status, body });
    expect(told(wrong)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(told(unknown)).toEqual(told(wrong));
    const limited = await until('too many attempts are refused', 30_000, async () => {
      const answer = await attempt(ann.email);
      return answer.status === 429 && answer;
    });
    expect(limited.body.code).toBe('RATE_LIMITED');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('keep one session through ten refreshes at once; a stolen token ends it', async () => {
    const ann = await Person.create(tenant, 'tabs', 'viewer');
    const refresh = (refreshToken: string) =>
      anybody.request<SignedInJson>('POST', '/v1/sessions/refresh', { refreshToken });
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(ann.signedIn.refreshToken)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.refreshToken}`)).size).toBe(1);
    const next = answers[0]?.body.refreshToken ?? '';
    const later = await refresh(next);
    expect(later.status).toBe(200);
    // Its successor was used: whoever shows it now is not who was given the successor.
    expect((await refresh(ann.signedIn.refreshToken)).status).toBe(401);
    expect((await refresh(later.body.refreshToken)).status).toBe(401);
    await until('the access token of the ended session is refused', 5_000, async () => {
      return (await ann.api.request('GET', '/v1/whoami')).status === 401;
    });
    expect(JSON.stringify(await tenant.api.ok('GET', '/v1/audit'))).toContain('"sessions.reuse"');
  });

  it('switch to another of their organizations and see nothing of the first from there', async () => {
    const other = await Tenant.create('elsewhere');
    const ann = await Person.create(tenant, 'both', 'viewer');
    const token = await inviteTo(other, ann.email, 'admin');
    await ann.api.ok('POST', '/v1/invitations/join', { token });
    const switched = await anybody.ok<SignedInJson>('POST', '/v1/sessions/refresh', {
      refreshToken: ann.signedIn.refreshToken,
      organization: other.organizationId,
    });
    const there = Person.of(anybody.url, switched);
    expect(switched.organizations).toHaveLength(2);
    expect((await there.api.request('GET', `/v1/projects/${other.project}`)).status).toBe(200);
    expect((await there.api.request('GET', `/v1/projects/${tenant.project}`)).status).toBe(404);
    expect((await ann.api.request('GET', `/v1/projects/${tenant.project}`)).status).toBe(200);
    const foreign = await anybody.request('POST', '/v1/sessions/refresh', {
      refreshToken: switched.refreshToken,
      organization: (await Tenant.create('foreign')).organizationId,
    });
    expect(foreign.status).toBe(403);
  });

  it('are an owner at least: the last one can neither leave nor be demoted', async () => {
    const alone = await Tenant.create('alone');
    const owner = await Person.create(alone, 'owner', 'owner');
    for (const refused of [
      await owner.api.request('POST', '/v1/members/leave', {}),
      await alone.api.request('PATCH', `/v1/members/${owner.email}`, { role: 'viewer' }),
      await alone.api.request('DELETE', `/v1/members/${owner.email}`),
    ]) {
      expect([refused.status, refused.body.code]).toEqual([409, 'FAILED_PRECONDITION']);
    }
  });

  it('invite, accept, log in by a device and act through the CLI; ten at once refresh one session', async () => {
    const url = tenant.api.url;
    await towWith(config('key'), ['login', url, '--key-file', '-'], { input: tenant.api.key });
    const email = newEmail('carl');
    const invited = await towWith(config('key'), [
      'members',
      'invite',
      email,
      '--role',
      'developer',
      '--json',
    ]);
    const { link } = JSON.parse(invited.stdout) as { link: string };
    const accepted = await towWith(config('laptop'), ['accept', link, '--password-stdin'], {
      input: `${PASSWORD}\n`,
    });
    expect([accepted.code, accepted.stderr]).toEqual([0, expect.stringContaining(`as ${email}`)]);
    expect(statSync(config('laptop')).mode & 0o777).toBe(0o600);

    const device = await signInByDevice(url);
    expect([device.code, device.stderr]).toEqual([0, expect.stringContaining(`as ${email}`)]);
    const list = await towWith(config('device'), ['services', 'list', '--project', tenant.project]);
    expect(list.code).toBe(0);

    expire(config('laptop'));
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => towWith(config('laptop'), ['whoami', '--json', '--quiet'])),
    );
    expect(answers.map(({ code, stderr }) => [code, stderr])).toEqual(answers.map(() => [0, '']));
    const sessions = await towWith(config('laptop'), ['sessions', 'list', '--json']);
    expect(JSON.parse(sessions.stdout)).toHaveLength(2);

    const changed = await towWith(config('laptop'), ['password', '--password-stdin'], {
      input: `${PASSWORD}\nanother long password\n`,
    });
    expect(changed).toMatchObject({ code: 0, stderr: expect.stringContaining('1 other') as string });
    await until('the device is signed out', 5_000, async () => {
      return (await towWith(config('device'), ['whoami'])).code === 3;
    });
    expect((await towWith(config('laptop'), ['logout'])).code).toBe(0);
    const again = ['login', url, '--email', email, '--password-stdin'];
    expect((await towWith(config('laptop'), again, { input: 'another long password' })).code).toBe(0);
    const left = await towWith(config('laptop'), ['members', 'leave']);
    expect(left.code).toBe(0);
  });

  it('leave no password and no token in any file of the platform', async () => {
    const password = `${PASSWORD} ${newEmail('canary')}`.slice(0, 60);
    const token = await inviteTo(tenant, newEmail('canary'), 'viewer');
    const ann = await Person.accept(anybody.url, token, password);
    await anybody.ok('POST', '/v1/sessions', { email: ann.email, password });
    for (const secret of [password, token, ann.signedIn.refreshToken, ann.signedIn.accessToken]) {
      expect(filesNaming(tenant.platform.dataDir, secret)).toEqual([]);
    }
  });

  /** The device shows a code; the laptop, where the person is signed in, approves it. */
  async function signInByDevice(url: string) {
    let approved: Promise<unknown> | undefined;
    const device = await towWith(config('device'), ['login', url, '--device'], {
      onError: (text) => {
        const code = CODE.exec(text)?.[0];
        if (code !== undefined) approved ??= towWith(config('laptop'), ['approve', code]);
      },
    });
    expect(await approved).toMatchObject({ code: 0, stderr: expect.stringContaining('tow/') as string });
    return device;
  }

  /** Lets the kept access token look as if it had ended. */
  function expire(file: string): void {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as {
      contexts: Record<string, { session: { accessExpiresAt: string } }>;
    };
    for (const { session } of Object.values(kept.contexts))
      session.accessExpiresAt = new Date(0).toISOString();
    writeFileSync(file, JSON.stringify(kept), { mode: 0o600 });
  }
});
