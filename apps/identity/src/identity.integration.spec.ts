import 'reflect-metadata';
import { X509Certificate, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  AGENT_CONSUMER,
  Bus,
  STREAMS,
  certificateAnswerSchema,
  ensureHubTopology,
  gatewayConsumer,
  inboxPrefix,
  joinAnswerSchema,
  kvStream,
  kvSubject,
  statusBucket,
  targetsBucket,
} from '#libs/bus';
import { formatJoinToken, isApiKey, newId, type Id } from '#libs/domain';
import { Health, Metrics, createApplication, createLogger, systemClock, systemRandom } from '#libs/process';
import { findKeyByHash, insertCluster, insertJoinToken } from '#libs/store';
import { temporaryFolder, testDatabase, testNats, type TestDatabase, type TestNats } from '#libs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { z } from 'zod';
import { ALGORITHM } from './authority/authority.certificates.js';
import type { Bootstrap } from './first-run/bootstrap.file.js';
import { firstRun } from './first-run/first-run.js';
import { giveGatewayTokens } from './first-run/gateway.tokens.js';
import { identityConfigSchema } from './identity.config.js';
import { identityModule } from './identity.module.js';
import { tokenHash } from './token.js';

const folder = temporaryFolder();
const bootstrapFile = path.join(folder.path, 'keys', 'bootstrap.json');
const gatewayTokenFile = path.join(path.dirname(bootstrapFile), 'gateway-2.token');
const anything = z.looseObject({});
const publicKey = { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) };

let database: TestDatabase;
let nats: TestNats;
let app: NestFastifyApplication;

const bootstrap = (): Bootstrap => JSON.parse(readFileSync(bootstrapFile, 'utf8')) as Bootstrap;

async function post(
  url: string,
  body: object,
  headers = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await app.inject({ method: 'POST', url, payload: body, headers });
  return { status: answer.statusCode, body: answer.json() };
}

/** A one-time token for a new cluster's agent, or for a gateway, as the api makes them. */
async function token(
  kind: 'agent' | 'gateway',
  more: { life?: number } = {},
): Promise<{ token: string; id?: Id<'cls'> }> {
  const now = Date.now();
  const text = formatJoinToken(systemRandom(32));
  const cluster = newId('cls', now, systemRandom);
  await database.db.asSystem(async (tx) => {
    const place = { name: cluster, provider: 'p', region: 'north', zone: 'z', runtime: 'local' } as const;
    await insertCluster(tx, { id: cluster, ...place, createdAt: now });
    const member = kind === 'agent' ? { kind, clusterId: cluster } : { kind, region: 'north' };
    const times = { createdAt: now, expiresAt: now + (more.life ?? 60_000) };
    await insertJoinToken(tx, {
      id: newId('jt', now, systemRandom),
      hash: tokenHash(text),
      ...member,
      ...times,
    });
  });
  return { token: text, id: cluster };
}

async function connect(answer: Record<string, unknown>): Promise<Bus> {
  const { creds, id } = answer as { creds: string; id: string };
  return Bus.connect({ servers: nats.url, creds, name: id, inboxPrefix: inboxPrefix(id) });
}

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  mkdirSync(path.dirname(bootstrapFile));
  const file = (name: string, text: string): string => {
    writeFileSync(path.join(folder.path, name), text);
    return path.join(folder.path, name);
  };
  const config = {
    TOWPATH_HOST: '127.0.0.1',
    TOWPATH_PORT: 0,
    TOWPATH_LOG_LEVEL: 'silent' as const,
    NODE_ENV: 'test' as const,
    TOWPATH_SYSTEM_DATABASE_URL: database.systemUrl,
    NATS_URL: nats.url,
    TOWPATH_NATS_CREDS: file('hub.creds', await nats.credentials('identity')),
    TOWPATH_NATS_ACCOUNT_SEED_FILE: file('account.seed', nats.accountSeed),
    TOWPATH_MASTER_KEY_FILE: file('master.key', randomBytes(32).toString('hex')),
    TOWPATH_BOOTSTRAP_FILE: bootstrapFile,
    TOWPATH_GATEWAY_TOKEN_FILES: [gatewayTokenFile],
    TOWPATH_GATEWAY_REGION: 'local',
    TOWPATH_DOMAIN: 'localhost',
    TOWPATH_CERTIFICATE_SECONDS: 3_600,
  };
  const parts = {
    logger: createLogger('identity', 'silent'),
    clock: systemClock,
    random: systemRandom,
    health: new Health(),
    metrics: new Metrics(),
  };
  await ensureHubTopology(nats.bus);
  app = await createApplication(
    { name: 'identity', schema: identityConfigSchema, module: identityModule },
    config,
    parts,
  );
  await app.init();
});

afterAll(async () => {
  await app.close();
  await nats.release();
  await database.drop();
  folder.remove();
});

describe('the first run', () => {
  it('hands out a working operator key, readable by the owner only', async () => {
    const { operatorKey, organizationId } = bootstrap();
    expect(statSync(bootstrapFile).mode & 0o777).toBe(0o600);
    expect(isApiKey(operatorKey)).toBe(true);
    const found = await database.db.asApi((tx) => findKeyByHash(tx, tokenHash(operatorKey)));
    expect(found?.actor).toMatchObject({ organizationId, role: 'owner', platformOperator: true });
  });

  it('happens once, also when several start at once', async () => {
    const before = readFileSync(bootstrapFile, 'utf8');
    const parts = { db: database.db, clock: systemClock, random: systemRandom, bootstrapFile };
    expect(await Promise.all([firstRun(parts), firstRun(parts)])).toEqual([false, false]);
    expect(readFileSync(bootstrapFile, 'utf8')).toBe(before);
  });

  it('is made anew when its rows were never committed', async () => {
    const other = await testDatabase();
    const file = path.join(folder.path, 'other.json');
    const parts = { db: other.db, clock: systemClock, random: systemRandom, bootstrapFile: file };
    const cutOff = { ...parts, bootstrapFile: path.join(folder.path, 'missing', 'file.json') };
    await expect(firstRun(cutOff)).rejects.toThrow('ENOENT');
    expect(await other.query('SELECT 1 FROM organizations')).toEqual([]);
    expect(await firstRun(parts)).toBe(true);
    const { operatorKey } = JSON.parse(readFileSync(file, 'utf8')) as Bootstrap;
    expect(await other.db.asApi((tx) => findKeyByHash(tx, tokenHash(operatorKey)))).toBeDefined();
    await other.drop();
  });
});

describe('further gateways of this machine', () => {
  it('each find a token in their file, which is made once', async () => {
    const text = readFileSync(gatewayTokenFile, 'utf8');
    expect(statSync(gatewayTokenFile).mode & 0o777).toBe(0o600);
    const parts = { db: database.db, clock: systemClock, random: systemRandom, files: [gatewayTokenFile] };
    await giveGatewayTokens(parts);
    expect(readFileSync(gatewayTokenFile, 'utf8')).toBe(text);
    const joined = await post('/join', { token: text });
    expect(joined).toMatchObject({ status: 200, body: { kind: 'gateway', region: 'local' } });
  });

  it('stand in the region that they are given', async () => {
    const file = path.join(folder.path, 'edge.token');
    const parts = { db: database.db, clock: systemClock, random: systemRandom, files: [file] };
    await giveGatewayTokens({ ...parts, region: 'edge' });
    const joined = await post('/join', { token: readFileSync(file, 'utf8') });
    expect(joined).toMatchObject({ status: 200, body: { kind: 'gateway', region: 'edge' } });
  });
});

describe('joining', () => {
  it('lets agent and gateway in by the tokens of the first run, each once', async () => {
    const { clusterId, joinTokens } = bootstrap();
    const agent = await post('/join', { token: joinTokens.agent, publicKey });
    expect(agent).toMatchObject({
      status: 200,
      body: { kind: 'agent', id: clusterId, region: 'local', natsUrl: nats.url },
    });
    expect(joinAnswerSchema.safeParse(agent.body).success).toBe(true);
    const gateway = await post('/join', { token: joinTokens.gateway });
    expect(gateway).toMatchObject({ status: 200, body: { kind: 'gateway', region: 'local' } });
    const again = await post('/join', { token: joinTokens.agent, publicKey });
    expect(again).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED', nextStep: 'Make a new join token.' },
    });
    const [row] = await database.query<{ public_key: unknown }>(
      'SELECT public_key FROM clusters WHERE id = $1',
      [clusterId],
    );
    expect(row?.public_key).toEqual(publicKey);
    const events = await database.query(`SELECT 1 FROM outbox WHERE name = 'cluster.changed' AND key = $1`, [
      clusterId,
    ]);
    expect(events).toHaveLength(1);
  });

  it('makes the same member of who asks again with the same nonce, and of nobody else', async () => {
    const nonce = '0a'.repeat(32);
    for (const kind of ['agent', 'gateway'] as const) {
      const { token: text } = await token(kind);
      const first = await post('/join', { token: text, nonce, publicKey });
      const again = await post('/join', { token: text, nonce, publicKey });
      expect(again).toMatchObject({ status: 200, body: { kind, id: first.body['id'] } });
      expect((await post('/join', { token: text, nonce: '0b'.repeat(32), publicKey })).status).toBe(401);
      expect((await post('/join', { token: text, publicKey })).status).toBe(401);
      // the answer that was lost renews nothing any more
      const renewals = [first, again].map(({ body }) =>
        post('/renew', {}, { authorization: `Bearer ${String(body['renewalToken'])}` }),
      );
      expect((await Promise.all(renewals)).map(({ status }) => status)).toEqual([401, 200]);
    }
  });

  it('gives a token to one of many that come at once', async () => {
    const { token: text } = await token('gateway');
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('/join', { token: text })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
  });

  it.each([
    ['an unknown token', { token: formatJoinToken(new Uint8Array(32)) }, 401],
    ['noise', { token: 'noise' }, 401],
    ['no token', {}, 400],
    ['an unknown field', { token: 'x', admin: true }, 400],
    ['a key of another curve', { token: 'x', publicKey: { ...publicKey, crv: 'P-256' } }, 400],
  ])('refuses %s', async (_what, body, status) => {
    expect((await post('/join', body)).status).toBe(status);
  });

  it('refuses a token that is too old, and leaves one unused that came without what it needs', async () => {
    const old = await token('agent', { life: -60_000 });
    expect((await post('/join', { token: old.token, publicKey })).status).toBe(401);
    const { token: text } = await token('agent');
    expect((await post('/join', { token: text })).body).toMatchObject({
      violations: [{ field: 'publicKey' }],
    });
    expect((await post('/join', { token: text, publicKey })).status).toBe(200);
  });

  it('says what became of a token that lets nobody in, and lets nobody be another cluster than the token names', async () => {
    const old = await token('agent', { life: -60_000 });
    const { token: text, id } = await token('agent');
    const refused = async (body: object): Promise<unknown> => (await post('/join', body)).body['detail'];
    expect(await refused({ token: old.token, publicKey })).toBe('The join token is too old.');
    expect(await refused({ token: formatJoinToken(new Uint8Array(32)), publicKey })).toBe(
      'The join token is unknown.',
    );
    expect(await refused({ token: text, publicKey, cluster: 'other' })).toBe(
      'The join token belongs to another cluster.',
    );
    // a refused one is not used up
    expect((await post('/join', { token: text, publicKey, cluster: id })).status).toBe(200);
    expect(await refused({ token: text, publicKey, cluster: id })).toBe('The join token was used.');
  });

  it('renews credentials by the renewal token, never by another', async () => {
    const joined = await post('/join', { token: (await token('gateway')).token });
    const renewed = await post(
      '/renew',
      {},
      { authorization: `Bearer ${String(joined.body['renewalToken'])}` },
    );
    expect(renewed.status).toBe(200);
    const bus = await connect({ ...joined.body, ...renewed.body });
    await bus.putKey('gateways', String(joined.body['id']), anything, { hello: true });
    await bus.close();
    expect((await post('/renew', {}, { authorization: 'Bearer towr_x' })).status).toBe(401);
    const stored = JSON.stringify(await database.query('SELECT * FROM renewal_tokens'));
    expect(stored).not.toContain(String(joined.body['renewalToken']));
  });
});

describe('certificates', () => {
  const bearer = (body: Record<string, unknown>): { authorization: string } => ({
    authorization: `Bearer ${String(body['renewalToken'])}`,
  });

  async function request(name: string): Promise<string> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const extensions = [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])];
    const made = { keys, signingAlgorithm: ALGORITHM, extensions };
    return (await Pkcs10CertificateRequestGenerator.create(made)).toString('pem');
  }

  it('are issued to a joined gateway for a host of the domain', async () => {
    const gateway = bearer((await post('/join', { token: (await token('gateway')).token })).body);
    const issued = await post('/certificate', { request: await request('hello--p.localhost') }, gateway);
    expect(issued.status).toBe(200);
    const { chain } = certificateAnswerSchema.parse(issued.body);
    expect(new X509Certificate(chain).subjectAltName).toBe('DNS:hello--p.localhost');
    const foreign = await post('/certificate', { request: await request('bank.example') }, gateway);
    expect(foreign).toMatchObject({ status: 400, body: { violations: [{ field: 'request' }] } });
    expect((await post('/certificate', { names: [] }, gateway)).status).toBe(400);
  });

  it('are issued to nobody else', async () => {
    const asked = { request: await request('hello--p.localhost') };
    const agent = await post('/join', { token: (await token('agent')).token, publicKey });
    expect((await post('/certificate', asked, bearer(agent.body))).status).toBe(403);
    expect((await post('/certificate', asked, { authorization: 'Bearer towr_x' })).status).toBe(401);
    expect((await post('/certificate', asked)).status).toBe(401);
  });
});

describe('what a member may do in NATS', () => {
  let mine: Bus;
  let me: Id<'cls'>;
  let other: Id<'cls'>;

  beforeAll(async () => {
    const [a, b] = [await token('agent'), await token('agent')];
    const joined = await post('/join', { token: a.token, publicKey });
    await post('/join', { token: b.token, publicKey });
    [me, other] = [a.id as Id<'cls'>, b.id as Id<'cls'>];
    mine = await connect(joined.body);
  });
  afterAll(() => mine.close());

  it('reads its own targets and writes its own status', async () => {
    await nats.bus.putKey(targetsBucket(me), 'service.x', anything, { hello: true });
    const consumer = await mine.js.consumers.get(kvStream(targetsBucket(me)), AGENT_CONSUMER);
    const message = await consumer.next({ expires: 5_000 });
    expect(message?.subject).toBe(kvSubject(targetsBucket(me), 'service.x'));
    message?.ack();
    await expect(mine.putKey(statusBucket(me), 'cluster', anything, {})).resolves.toBeGreaterThan(0);
  });

  it.each<[string, (bus: Bus) => Promise<unknown>]>([
    [
      'read the targets of another',
      (bus) => bus.js.consumers.get(kvStream(targetsBucket(other)), AGENT_CONSUMER),
    ],
    ['read routes', (bus) => bus.js.consumers.get(kvStream('routes'), gatewayConsumer('gw_x'))],
    ['get a key of another', async (bus) => (await bus.kv(targetsBucket(other))).get('service.x')],
    ['write the status of another', (bus) => bus.putKey(statusBucket(other), 'cluster', anything, {})],
    ['write targets, even its own', (bus) => bus.putKey(targetsBucket(me), 'service.x', anything, {})],
    ['write routes', (bus) => bus.putKey('routes', 'host', anything, {})],
    ['publish usage', (bus) => bus.js.publish('usage.gw_x')],
    ['publish hub events', (bus) => bus.js.publish('hub.service-changed.x')],
    [
      'create a consumer on its own bucket',
      async (bus) => (await bus.jsm()).consumers.add(kvStream(targetsBucket(me)), { durable_name: 'mine' }),
    ],
    ['delete a stream', async (bus) => (await bus.jsm()).streams.delete(STREAMS.hub)],
  ])('may not %s', async (_what, attempt) => {
    await expect(attempt(mine)).rejects.toThrow(/permission/i);
  });

  it('hears nothing but its own inbox', async () => {
    const subscription = mine.nc.subscribe('>');
    const failure = await (async (): Promise<unknown> => {
      try {
        for await (const message of subscription) return message;
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(String(failure)).toMatch(/permission/i);
  });
});
