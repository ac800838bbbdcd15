import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { newId, type Delivery, type Id, type NoticeType, type WebhookReach } from '#libs/domain';
import { Metrics, createLogger } from '#libs/process';
import {
  dataKeyOf,
  giveNotice,
  insertWebhook,
  listDeliveries,
  seal,
  webhookBinding,
  type Lease,
} from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  until,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingMetrics } from '../billing.metrics.js';
import { BillingRig } from '../rig/billing.rig.js';
import { WebhookWorker } from './webhook.worker.js';

const clock = new SteppedClock(Date.UTC(2026, 10, 21));
const random = seededRandom(5);
const masterKey = Buffer.alloc(32, 7);
const KEY = Buffer.alloc(32, 9);
const data = {
  ...{ budgetId: 'bdg_00000000000000000000', month: '2026-11', percent: 50, on: 'actual' as const },
  ...{ amount: '10', currency: 'USD', spent: '5' },
};

let database: TestDatabase;
let lease: Lease;
let server: Server;
let received: { headers: IncomingMessage['headers']; body: string; url: string }[] = [];
let answer: { status: number; headers?: Record<string, string> } = { status: 204 };

beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('webhooks', 'me', 10_000_000_000)) as Lease;
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body, url: request.url ?? '' });
      response.writeHead(answer.status, answer.headers).end('an answer that nobody reads');
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});
afterAll(async () => {
  server.close();
  await database.drop();
});
beforeEach(() => {
  received = [];
  answer = { status: 204 };
});

const receiver = (host = '127.0.0.1'): string =>
  `http://${host}:${(server.address() as AddressInfo).port}/hook?of=us`;

const tenant = (): Promise<UsedRevision> =>
  makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency: 1,
    maxInstances: 1,
    timeoutSeconds: 1,
  });

async function webhook(
  { organizationId }: UsedRevision,
  url: string,
  types: NoticeType[] = [],
): Promise<Id<'whk'>> {
  const made = {
    id: newId('whk', clock.now(), random),
    organizationId,
    url,
    types,
    createdAt: clock.now(),
  };
  await database.db.inTenant(organizationId, async (tx) => {
    const dataKey = await dataKeyOf(tx, organizationId, masterKey, { now: clock.now(), random });
    const content = seal(dataKey.key, webhookBinding(made), KEY);
    await insertWebhook(tx, made, { keyId: dataKey.id, content });
  });
  return made.id;
}

const tell = ({ organizationId }: UsedRevision): Promise<void> =>
  database.db.asSystem((tx) =>
    giveNotice(tx, { organizationId, type: 'budget.threshold', data, now: clock.now() }, random),
  );

function workerOf(reach: WebhookReach, of: Lease | 'none'): WebhookWorker {
  const leases = { holding: () => (of === 'none' ? undefined : of), lost: () => undefined };
  const metrics = new BillingMetrics(new Metrics());
  const logger = createLogger('billing', 'silent');
  return new WebhookWorker(database.db, leases, { masterKey, reach }, metrics, clock, random, logger);
}

async function work(reach: WebhookReach = 'any', of: Lease | 'none' = lease): Promise<void> {
  const worker = workerOf(reach, of);
  await worker.look();
  await worker.settled();
}

const log = ({ organizationId }: UsedRevision, id: string): Promise<Delivery[]> =>
  database.db.inTenant(organizationId, (tx) => listDeliveries(tx, organizationId, id, { limit: 10 }));

it('sends a notice once to each webhook, signed, and notes it', async () => {
  const of = await tenant();
  const neighbour = await tenant();
  const id = await webhook(of, receiver());
  const foreign = await webhook(neighbour, receiver());
  await tell(of);
  await work();
  await work();
  expect(received).toHaveLength(1);
  const [{ headers, body, url } = { headers: {}, body: '', url: '' }] = received;
  const [delivery] = await log(of, id);
  expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, lastResult: 'answered 204' });
  expect(url).toBe('/hook?of=us');
  expect(JSON.parse(body)).toEqual({ type: 'budget.threshold', timestamp: '2026-11-21T00:00:00.000Z', data });
  expect(headers['webhook-id']).toBe(delivery?.noticeId);
  const seconds = String(clock.now() / 1_000);
  expect(headers['webhook-timestamp']).toBe(seconds);
  const signed = createHmac('sha256', KEY)
    .update(`${delivery?.noticeId}.${seconds}.${body}`)
    .digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${signed}`);
  expect(await log(neighbour, foreign)).toEqual([]);
});

it('sends a payment provider what it needs of an invoice, and only the types it wants', async () => {
  const of = await tenant();
  const { organizationId } = of;
  const id = await webhook(of, receiver(), ['invoice.finalized', 'invoice.overdue']);
  const invoice = { invoiceId: newId('ivc', clock.now(), random), number: 'INV-1-000001', currency: 'USD' };
  const said = { ...invoice, month: '2026-10', payable: '12.34', dueAt: '2026-11-15T01:00:00.000Z' };
  await tell(of);
  await database.db.asSystem((tx) =>
    giveNotice(tx, { organizationId, type: 'invoice.finalized', data: said, now: clock.now() }, random),
  );
  await work();
  expect(received.map(({ body }): unknown => JSON.parse(body))).toEqual([
    { type: 'invoice.finalized', timestamp: '2026-11-21T00:00:00.000Z', data: said },
  ]);
  expect(await log(of, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
});

it('tries again after the pause with the same id, and follows no redirect', async () => {
  const of = await tenant();
  const id = await webhook(of, receiver());
  await tell(of);
  answer = { status: 302, headers: { location: receiver() } };
  await work();
  expect((await log(of, id))[0]).toMatchObject({
    status: 'pending',
    attempts: 1,
    lastResult: 'answered 302',
  });
  await work();
  expect(received).toHaveLength(1);
  clock.step(6_000);
  answer = { status: 200 };
  await work();
  expect((await log(of, id))[0]).toMatchObject({ status: 'delivered', attempts: 2 });
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

it('a receiver that does not answer holds up four messages, however often billing looks', async () => {
  const of = await tenant();
  const silent = createServer(() => undefined);
  await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
  let asked = 0;
  silent.on('request', () => (asked += 1));
  await webhook(of, `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
  for (let i = 0; i < 6; i++) await tell(of);
  const worker = workerOf('any', lease);
  await worker.look();
  await until(() => asked === 4, { what: 'four messages' });
  await worker.look();
  await worker.look();
  const neighbour = await tenant();
  const theirs = await webhook(neighbour, receiver());
  await tell(neighbour);
  await worker.look();
  // noted too: what is cut off is sent again, in the next test
  const isNoted = async (): Promise<boolean> => (await log(neighbour, theirs))[0]?.status === 'delivered';
  await until(isNoted, { what: 'the message to the neighbour' });
  expect(asked).toBe(4);
  silent.closeAllConnections();
  silent.close();
  await worker.stop();
});

it('410 ends the webhook and drops what waits', async () => {
  const of = await tenant();
  const id = await webhook(of, receiver());
  for (let i = 0; i < 6; i++) await tell(of);
  answer = { status: 410 };
  await work();
  expect((await log(of, id)).map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'failed'));
  await tell(of);
  await work();
  expect(await log(of, id)).toHaveLength(6);
  expect(received).toHaveLength(4);
});

it.each([
  ['plain HTTP', (): string => receiver(), 'not sent: the URL must be an https URL'],
  [
    'an address of this machine',
    (): string => receiver().replace('http:', 'https:'),
    'not sent: the URL must be an address of the public Internet',
  ],
  [
    'a name of this machine',
    (): string => receiver('localhost').replace('http:', 'https:'),
    'not sent: the URL must be an address of the public Internet',
  ],
])(
  'reaches only the public Internet where the operator allows no more: %s',
  async (_name, url, lastResult) => {
    const of = await tenant();
    const id = await webhook(of, url());
    await tell(of);
    await work('public');
    expect(received).toEqual([]);
    const [delivery] = await log(of, id);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, lastResult });
  },
);

it('says in own words that nobody answers, and a process without the lease sends nothing', async () => {
  const of = await tenant();
  const id = await webhook(of, 'http://127.0.0.1:1/');
  await tell(of);
  await work('any', 'none');
  expect((await log(of, id))[0]).toMatchObject({ status: 'pending', attempts: 0 });
  await work();
  expect((await log(of, id))[0]).toMatchObject({
    status: 'pending',
    attempts: 1,
    lastResult: 'no connection',
  });
});
