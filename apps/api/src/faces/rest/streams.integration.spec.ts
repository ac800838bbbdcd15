import { logBatchSchema, logSubject } from '#libs/bus';
import { SteppedClock, until } from '#libs/testing';
import { WebSocket } from 'ws';
import { Credentials } from '../../credential/credentials.js';
import { ApiRig } from '../../api.rig.js';
import { PeopleRig } from '../../people.rig.js';

let rig: ApiRig;
let people: PeopleRig;
let key: string;
let address: string;
let project: string;

beforeAll(async () => {
  rig = await ApiRig.start();
  people = await PeopleRig.over(rig);
  key = (await rig.tenant()).key;
  project = (await rig.project(key)).id;
  await rig.app.listen(0, '127.0.0.1');
  address = await rig.app.getUrl();
}, 60_000);
afterAll(() => rig.stop());

interface Followed {
  status: number;
  text: () => string;
  ended: Promise<void>;
}

async function follow(path: string, by = key): Promise<Followed> {
  const response = await fetch(`${address}${path}`, {
    headers: { authorization: `Bearer ${by}`, accept: 'text/event-stream' },
  });
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  })();
  return { status: response.status, text: () => text, ended };
}

const log = (about: string, text: string): Promise<unknown> =>
  rig.parts.bus.publish(logSubject(about, 'cls_0'), logBatchSchema, {
    schemaVersion: 1,
    entries: [{ sequence: 1, time: Date.now(), stream: 'stdout', text }],
  });

describe('server-sent events', () => {
  it('tell every change of an operation and the output of its build, and end with it', async () => {
    const made = await rig.service(key, project, 'built');
    const id = String(made.json['id']);
    const stream = await follow(`/v1/operations/${id}/events`);
    await until(() => stream.text().includes('event: operation'), { what: 'the first event' });
    const build = 'bld_00000000000000000000';
    await rig.database.query(
      `INSERT INTO builds (organization_id, id, project_id, service_id, upload_id, upload_digest, status, created_at)
       SELECT s.organization_id, $1, s.project_id, s.id, u.id, u.digest, 'running', now() FROM services s
       JOIN uploads u ON u.id = s.template->'source'->>'uploadId' WHERE s.name = 'built'`,
      [build],
    );
    await log(build, 'npm ci: 3 packages');
    await until(() => stream.text().includes('npm ci: 3 packages'), { what: 'build output' });
    await rig.database.query(
      `UPDATE operations SET status = 'succeeded', finished_at = now(), version = version + 1 WHERE id = $1`,
      [id],
    );
    await stream.ended;
    expect(stream.text().trimEnd().split('\n\n').at(-1)).toContain('"status":"succeeded"');
  });

  it('are refused before they open when the thing is not found or the key is bad', async () => {
    const other = (await rig.tenant()).key;
    const made = await rig.service(key, project, 'hidden');
    expect((await follow(`/v1/operations/${String(made.json['id'])}/events`, other)).status).toBe(404);
    expect((await follow(`/v1/projects/${project}/services/hidden/logs`, other)).status).toBe(404);
    expect((await follow(`/v1/operations/${String(made.json['id'])}/events`, 'nonsense')).status).toBe(401);
  });

  it('follow logs, which can also be read, and stop within 5 s when the key is revoked', async () => {
    const made = await rig.service(key, project, 'talks');
    const { id } = made.json['service'] as { id: string };
    await log(id, 'one');
    const reader = await rig.key(key, 'viewer');
    const stream = await follow(`/v1/projects/${project}/services/talks/logs?follow=true`, reader);
    await until(() => stream.text().includes('"one"'), { what: 'the first line' });
    await log(id, 'two');
    await until(() => stream.text().includes('"two"'), { what: 'the second line' });
    const read = await rig.call('GET', `/v1/projects/${project}/services/talks/logs?limit=1`, { key });
    expect(read.json['items']).toMatchObject([{ text: 'two', stream: 'stdout' }]);
    const keys = await rig.call('GET', '/v1/keys', { key });
    const viewer = (keys.json['items'] as { id: string; role: string }[]).find(
      ({ role }) => role === 'viewer',
    );
    const revokedAt = Date.now();
    await rig.call('DELETE', `/v1/keys/${viewer?.id}`, { key });
    await stream.ended;
    expect(Date.now() - revokedAt).toBeLessThan(6_000);
    expect(stream.text()).toContain('event: error');
    expect((await rig.call('GET', '/v1/whoami', { key: reader })).status).toBe(401);
  }, 20_000);

  it.each([
    ['demoted to a role that may not read them', 'PATCH', { role: 'billing' }, 'PERMISSION_DENIED'],
    ['removed', 'DELETE', undefined, 'UNAUTHENTICATED'],
  ] as const)(
    'stop within 5 s for a member who is %s',
    async (_how, method, body, code) => {
      const { organizationId, key: owner } = await rig.tenant();
      const reader = await people.person(organizationId, 'viewer');
      const { id } = await rig.project(owner);
      const made = await rig.service(owner, id, 'talks');
      await log((made.json['service'] as { id: string }).id, 'one');
      const stream = await follow(`/v1/projects/${id}/services/talks/logs?follow=true`, reader.token);
      await until(() => stream.text().includes('"one"'), { what: 'the first line' });
      const changedAt = Date.now();
      const changed = await rig.call(method, `/v1/members/${reader.userId}`, {
        key: owner,
        ...(body ? { body } : {}),
      });
      expect(changed.status).toBeLessThan(300);
      await stream.ended;
      expect(Date.now() - changedAt).toBeLessThan(6_000);
      expect(stream.text()).toContain(code);
    },
    20_000,
  );
});

/** A client of the protocol graphql-transport-ws, as far as the specs need one. */
class Socket {
  readonly messages: { type: string; id?: string; payload?: Record<string, unknown> }[] = [];
  readonly closed: Promise<number>;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString()) as never));
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }

  static async open(by: string): Promise<Socket> {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql/stream`, 'graphql-transport-ws');
    const opened = new Socket(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    opened.send({ type: 'connection_init', payload: { authorization: `Bearer ${by}` } });
    const welcome = new Promise((resolve) => socket.once('message', resolve));
    await Promise.race([welcome, opened.closed]);
    return opened;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string): void {
    this.send({ type: 'subscribe', id, payload: { query } });
  }

  of(id: string): { type: string; payload?: Record<string, unknown> }[] {
    return this.messages.filter((message) => message.id === id);
  }

  async waitFor(id: string, type: string): Promise<Record<string, unknown>> {
    const found = () => this.of(id).find((message) => message.type === type);
    await until(() => found() !== undefined, { what: `${type} of ${id}` });
    return found()?.payload ?? {};
  }

  close(): void {
    this.socket.close();
  }
}

describe('subscriptions', () => {
  it('follow an operation to its end, and a service’s logs', async () => {
    const made = await rig.service(key, project, 'live');
    const id = String(made.json['id']);
    const { id: service } = made.json['service'] as { id: string };
    const socket = await Socket.open(key);
    socket.subscribe('op', `subscription { operation(operation: "${id}") { status service { name } } }`);
    socket.subscribe('log', `subscription { logs(project: "${project}", service: "live") { text } }`);
    expect(await socket.waitFor('op', 'next')).toMatchObject({ data: { operation: { status: 'pending' } } });
    await log(service, 'hello');
    expect(await socket.waitFor('log', 'next')).toEqual({ data: { logs: { text: 'hello' } } });
    await rig.database.query(
      `UPDATE operations SET status = 'succeeded', finished_at = now(), version = version + 1 WHERE id = $1`,
      [id],
    );
    await socket.waitFor('op', 'complete');
    expect(socket.of('op').at(-2)?.payload).toMatchObject({
      data: { operation: { status: 'succeeded', service: { name: 'live' } } },
    });
    socket.close();
  });

  it('are refused for what cannot be seen or read, and for documents that are wrong', async () => {
    const other = (await rig.tenant()).key;
    const made = await rig.service(key, project, 'unseen');
    const socket = await Socket.open(other);
    const table: [string, string, string][] = [
      ['foreign', `subscription { operation(operation: "${String(made.json['id'])}") { id } }`, 'NOT_FOUND'],
      ['unknown', 'subscription { operation(operation: "x") { nothing } }', 'INVALID_ARGUMENT'],
      ['noise', 'subscription {', 'INVALID_ARGUMENT'],
      [
        'deep',
        `{ ${'node(id: "x") { ... on Service { project {'.repeat(9)} id ${'}}}'.repeat(9)} }`,
        'INVALID_ARGUMENT',
      ],
    ];
    for (const [id, query, code] of table) {
      socket.subscribe(id, query);
      await until(() => socket.of(id).length > 0, { what: `an answer to ${id}` });
      const [{ payload } = {}] = socket.of(id);
      const [error] = (payload?.['errors'] ?? payload) as object[];
      expect([id, error]).toMatchObject([id, { extensions: { code } }]);
    }
    socket.close();
    expect(await (await Socket.open('nonsense')).closed).toBe(4403);
  });

  it('end within 5 s when the key is revoked', async () => {
    await rig.service(key, project, 'watched');
    const made = await rig.call('POST', '/v1/keys', { key, body: { name: 'reader', role: 'viewer' } });
    const socket = await Socket.open(String(made.json['secret']));
    socket.subscribe('log', `subscription { logs(project: "${project}", service: "watched") { text } }`);
    const revokedAt = Date.now();
    await rig.call('DELETE', `/v1/keys/${String(made.json['id'])}`, { key });
    await socket.waitFor('log', 'complete');
    expect(Date.now() - revokedAt).toBeLessThan(6_000);
    expect(socket.of('log')[0]?.payload).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    socket.close();
  }, 20_000);
});

it('a revoked or expired key is believed for less than 5 s', async () => {
  const clock = new SteppedClock(Date.now());
  const credentials = new Credentials(rig.parts.db, clock, rig.parts.logger);
  const expiresAt = new Date(clock.now() + 3_600_000).toISOString();
  const make = async (): Promise<{ id: string; header: string }> => {
    const made = await rig.call('POST', '/v1/keys', {
      key,
      body: { name: 'short', role: 'viewer', expiresAt },
    });
    return { id: String(made.json['id']), header: `Bearer ${String(made.json['secret'])}` };
  };
  const [revoked, expired] = [await make(), await make()];
  for (const { header } of [revoked, expired]) {
    await expect(credentials.authenticate(header)).resolves.toMatchObject({ role: 'viewer' });
  }
  await rig.call('DELETE', `/v1/keys/${revoked.id}`, { key });
  clock.step(5_000);
  await expect(credentials.authenticate(revoked.header)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(credentials.authenticate(expired.header)).resolves.toMatchObject({ role: 'viewer' });
  clock.step(3_600_000);
  await expect(credentials.authenticate(expired.header)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});
