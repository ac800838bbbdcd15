import { randomUUID } from 'node:crypto';
import type { List, OperationJson } from '../support/faces.js';
import { Api } from '../support/api.js';
import { Faults } from '../support/faults.js';
import { Person } from '../support/person.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

/** Passwords tried for one address before the next must wait (RATES in libs/domain), and one that came back meanwhile. */
const TRIES = { least: 10, most: 11 };

describe('either API does', () => {
  let first: Tenant;
  let second: Tenant;
  beforeAll(async () => {
    first = await Tenant.create('either');
    second = first.bySecond;
  });

  it('a request with the same Idempotency-Key is done once, whichever gets it', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const ask = (tenant: Tenant) =>
      tenant.api.request<{ id: string }>('POST', '/v1/projects', { name: 'once' }, key);
    const together = await Promise.all(
      Array.from({ length: 10 }, (_one, index) => ask(index % 2 ? first : second)),
    );
    const later = await Promise.all([first, second].map(ask));
    expect(later.map(({ status }) => status)).toEqual([201, 201]);
    const ids = [...together, ...later].filter(({ status }) => status === 201).map(({ body }) => body.id);
    expect(new Set(ids).size).toBe(1);
    const { items } = await second.api.ok<List<{ name: string }>>('GET', '/v1/projects');
    expect(items.filter(({ name }) => name === 'once')).toHaveLength(1);
  });

  it('what was sent to one is deployed by the other, and followed at the first', async () => {
    const uploadId = await second.upload({
      'server.js': `require('node:http').createServer((_q, r) => r.end('ok')).listen(process.env.PORT)`,
      Procfile: 'web: node server.js',
    });
    const body = { name: 'both', access: 'public', template: { source: { uploadId } } };
    const path = `/v1/projects/${first.project}/services`;
    const { id } = await first.api.ok<OperationJson>('POST', path, body);
    const events = await fetch(`${second.api.url}/v1/operations/${id}/events`, {
      headers: { authorization: `Bearer ${second.api.key}`, accept: 'text/event-stream' },
      signal: AbortSignal.timeout(60_000),
    });
    // the stream ends with the operation
    expect(await events.text()).toContain('"succeeded"');
    expect((await first.call('both')).text).toBe('ok');
    expect((await second.call('both')).text).toBe('ok');
  });

  it('passwords are tried as often at both together as at one', async () => {
    const { email } = await Person.create(first, 'guessed', 'viewer');
    const statuses: number[] = [];
    for (let turn = 0; turn < 2 * TRIES.least; turn += 1) {
      const { url } = turn % 2 ? first.api : second.api;
      const guess = { email, password: `wrong ${turn} wrong wrong` };
      statuses.push((await new Api(url, '').request('POST', '/v1/sessions', guess)).status);
    }
    const tried = statuses.filter((status) => status === 401).length;
    expect(tried).toBeGreaterThanOrEqual(TRIES.least);
    expect(tried).toBeLessThanOrEqual(TRIES.most);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });

  it('an identity that stands still is not asked any more after a while', async () => {
    const faults = new Faults(first.platform);
    const { api } = await Person.create(first, 'patient', 'viewer');
    const paused = faults.pause('identity-2', 35_000);
    const began = Date.now();
    let inOrder = 0;
    await until('20 answers in order', 30_000, async () => {
      const { status } = await api.request('GET', '/v1/sessions');
      inOrder = status === 200 ? inOrder + 1 : 0;
      return inOrder === 20;
    });
    console.log(`20 answers in order ${Date.now() - began} ms after identity-2 stood still`);
    await paused;
  });

  it('an organization that one suspends is refused by both gateways, and served again', async () => {
    const leaving = await Tenant.create('suspended');
    await leaving.mustDeploy('one', { service: { minInstances: 1 } });
    const operator = new Api(second.api.url, first.platform.operatorKey);
    const statuses = (): Promise<number[]> =>
      Promise.all([leaving, leaving.bySecond].map(async (way) => (await way.call('one')).status));
    expect(await statuses()).toEqual([200, 200]);
    const organization = `/v1/organizations/${leaving.organizationId}`;
    await operator.ok('POST', `${organization}/suspend`, { reason: 'unpaid' });
    const answered = performance.now();
    await until('403 at both', 10_000, async () => (await statuses()).every((status) => status === 403));
    console.log(`suspended at both ${Math.round(performance.now() - answered)} ms after the answer (N 1)`);
    await operator.ok('POST', `${organization}/resume`, {});
    await until('200 at both', 30_000, async () => (await statuses()).every((status) => status === 200));
    expect((await leaving.revisions('one')).map(({ name }) => name)).toEqual(['one-00001']);
  });

  it('a key that one revokes the other refuses within 5 s', async () => {
    const made = await first.api.ok<{ id: string; secret: string }>('POST', '/v1/keys', {
      name: 'short',
      role: 'viewer',
    });
    const there = new Api(second.api.url, made.secret);
    expect((await there.request('GET', '/v1/whoami')).status).toBe(200);
    await first.api.request('DELETE', `/v1/keys/${made.id}`);
    await until(
      'the other API to refuse it',
      5_000,
      async () => (await there.request('GET', '/v1/whoami')).status === 401,
    );
  });
});
