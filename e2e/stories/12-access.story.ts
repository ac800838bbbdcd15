import { createHmac } from 'node:crypto';
import { Api } from '../support/api.js';
import type { Answer } from '../support/gateway.js';
import { Tenant, sum } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

interface CallerToken {
  token: string;
  audience: string;
  expiresAt: string;
}

describe('a private service', () => {
  let tenant: Tenant;
  let invoker: Api;

  const tokenOf = (service: string, by = tenant.api): Promise<CallerToken> =>
    by.ok<CallerToken>('POST', tenant.at(service, '/token'));
  const call = (token?: string, service = 'secret', tag?: string): Promise<Answer> =>
    tenant.call(service, '/', {
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(tag === undefined ? {} : { tag }),
    });
  const instances = async (): Promise<number> =>
    (await tenant.revisions('secret')).reduce((total, { status }) => total + status.instances, 0);

  beforeAll(async () => {
    tenant = await Tenant.create('access');
    await tenant.mustDeploy('secret', { service: { access: 'private' } });
    await tenant.mustDeploy('other', { service: { access: 'private' } });
    const key = await tenant.api.ok<{ secret: string }>('POST', '/v1/keys', {
      name: 'caller',
      role: 'invoker',
    });
    invoker = new Api(tenant.platform.apiUrl, key.secret);
  }, 120_000);

  it('refuses whoever has no token for it: no instance wakes and nothing is billed', async () => {
    await until('no instance', 60_000, async () => (await instances()) === 0);
    const before = await tenant.usage('secret');
    const { token } = await tokenOf('secret');
    const [head = '', body = ''] = token.split('.');
    const forged = `${head}.${body}.${createHmac('sha256', 'x').update(body).digest('base64url')}`;
    const refused: [string | undefined, number, string][] = [
      [undefined, 401, 'UNAUTHENTICATED'],
      ['nonsense', 401, 'UNAUTHENTICATED'],
      [forged, 401, 'UNAUTHENTICATED'],
      [(await tokenOf('other')).token, 403, 'PERMISSION_DENIED'],
    ];
    for (const [credential, status, code] of refused) {
      const answer = await call(credential);
      expect([answer.status, answer.json<{ code: string }>().code]).toEqual([status, code]);
      expect(answer.json<{ nextStep: string }>().nextStep).toContain('tow services token');
    }
    const records = tenant.at('secret', '/usage-records');
    await until('the refused requests in the records', 30_000, async () => {
      const { items } = await tenant.api.ok<{ items: { status: number }[] }>('GET', `${records}?limit=100`);
      return items.filter(({ status }) => status === 401 || status === 403).length === refused.length;
    });
    expect(await instances()).toBe(0);
    expect(sum(await tenant.usage('secret'), 'blocks')).toBe(sum(before, 'blocks'));
  }, 120_000);

  it('answers members and invokers with a token, at the hosts of its tags too', async () => {
    const { token, audience, expiresAt } = await tokenOf('secret');
    expect(audience).toBe(`https://${tenant.host('secret')}`);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 500_000);
    const answer = await call(token);
    expect(answer.status).toBe(200);
    const { headers = {} } = (
      await tenant.call('secret', '/headers', { headers: { authorization: `Bearer ${token}` } })
    ).json();
    expect(headers['authorization']).toBeUndefined();
    expect((await call((await tokenOf('secret', invoker)).token)).status).toBe(200);
    expect((await invoker.request('GET', tenant.at('secret'))).status).toBe(403);
    await tenant.api.change('PUT', tenant.at('secret', '/traffic'), {
      traffic: [{ revision: 'latest', percent: 100, tag: 'canary' }],
    });
    expect((await call(token, 'secret', 'canary')).status).toBe(200);
    expect((await call(undefined, 'secret', 'canary')).status).toBe(401);
  }, 60_000);

  it('is called by tow with a token, which it can also print', async () => {
    const called = await tow(tenant, 'curl', 'secret', '--fail');
    expect([called.code, called.stderr]).toMatchObject([0, expect.anything()]);
    const printed = await tow(tenant, 'services', 'token', 'secret', '--lifetime', '5m');
    expect(printed.code).toBe(0);
    expect((await call(printed.stdout.trim())).status).toBe(200);
    expect((await tow(tenant, 'services', 'token', 'secret', '--lifetime', '2h')).code).toBe(2);
  }, 60_000);

  it('opens and closes without a new revision', async () => {
    await tenant.api.change('PATCH', tenant.at('secret'), { access: 'public' });
    expect((await call()).status).toBe(200);
    await tenant.api.change('PATCH', tenant.at('secret'), { access: 'private' });
    expect((await call()).status).toBe(401);
    expect(await tenant.revisions('secret')).toHaveLength(1);
  }, 60_000);

  it('gives no token to a revoked key', async () => {
    const made = await tenant.api.ok<{ id: string; secret: string }>('POST', '/v1/keys', {
      name: 'short',
      role: 'invoker',
    });
    const short = new Api(tenant.platform.apiUrl, made.secret);
    await tokenOf('secret', short);
    await tenant.api.ok('DELETE', `/v1/keys/${made.id}`);
    await until('no more tokens', 6_000, async () => {
      return (await short.request('POST', tenant.at('secret', '/token'))).status === 401;
    });
  }, 30_000);
});
