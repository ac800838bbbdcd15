import { buildSchema } from 'graphql';
import { ERROR_CODES } from '#libs/domain';
import { until } from '#libs/testing';
import { WebSocket } from 'ws';
import { ApiRig } from '../../api.rig.js';
import { apiOperations } from '../../operations.js';
import { bodyOf, honestDocuments, type SentDocument } from './honest.rig.js';
import { hostileDocuments } from './hostile.rig.js';
import { graphqlSdl } from './sdl.js';

/** How long one hostile document may keep the process busy, ms; 50 ms of processor is the goal, this bound only says "bounded". */
const MOST_MS = 5_000;
const MOST_MEMORY = 400 * 1_048_576;

const schema = buildSchema(graphqlSdl(apiOperations()));
const hostile = hostileDocuments(schema);
let rig: ApiRig;
let key: string;
let address: string;
let transactions = 0;

beforeAll(async () => {
  rig = await ApiRig.start();
  key = (await rig.tenant()).key;
  await rig.app.listen(0, '127.0.0.1');
  address = await rig.app.getUrl();
  const { db } = rig.parts;
  const inTenant = db.inTenant.bind(db);
  db.inTenant = (...given) => {
    transactions += 1;
    return inTenant(...given);
  };
}, 60_000);
afterAll(() => rig.stop());

interface Outcome {
  codes: string[];
  data: unknown;
  bytes: number;
}

async function send(method: string, path: string, body?: string): Promise<Outcome> {
  const response = await fetch(`${address}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { ...outcomeOf(text === '' ? {} : (JSON.parse(text) as Told)), bytes: text.length };
}

interface Told {
  data?: unknown;
  errors?: { extensions?: { code?: string } }[] | undefined;
  code?: string;
}

function outcomeOf(answer: Told) {
  const codes = (answer.errors ?? []).map(({ extensions }) => extensions?.code ?? 'none');
  return { codes: answer.code === undefined ? codes : [answer.code], data: answer.data };
}

/** Why an answer to a hostile document is no refusal in order. */
function faultOf({ codes, data, bytes }: Outcome, ms: number): string | undefined {
  if (codes.length === 0) return 'answered';
  if (codes.some((code) => !(code in ERROR_CODES) || code === 'INTERNAL' || code === 'UNAUTHENTICATED'))
    return codes.join();
  const values = Object.values(data ?? {});
  if (values.some((value) => value !== null)) return 'answered in part';
  if (bytes > 200_000) return `${bytes} bytes of refusal`;
  return ms > MOST_MS ? `${Math.round(ms)} ms` : undefined;
}

async function tryAll(over: (document: SentDocument) => Promise<Outcome>) {
  const wrong: string[] = [];
  let [slowest, slowestName] = [0, ''];
  for (const document of hostile) {
    const began = performance.now();
    const outcome = await over(document);
    const ms = performance.now() - began;
    if (ms > slowest) [slowest, slowestName] = [ms, document.name];
    const fault = faultOf(outcome, ms);
    if (fault !== undefined) wrong.push(`${document.name}: ${fault}`);
  }
  console.log(`${hostile.length} hostile documents, the slowest ${Math.round(slowest)} ms (${slowestName})`);
  return wrong;
}

/** Somebody else who goes on calling meanwhile. */
function bystander() {
  const waits: number[] = [];
  let going = true;
  const ended = (async () => {
    while (going) {
      const began = performance.now();
      const response = await fetch(`${address}/v1/whoami`, { headers: { authorization: `Bearer ${key}` } });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`the bystander got ${response.status}`);
      waits.push(performance.now() - began);
    }
  })();
  return {
    stop: async () => {
      going = false;
      await ended;
      return waits;
    },
  };
}

const overHttp = (document: SentDocument): Promise<Outcome> => send('POST', '/graphql', bodyOf(document));

it('refuses every hostile document over HTTP, runs nothing of it, and goes on answering others', async () => {
  const memory = process.memoryUsage().heapUsed;
  const before = transactions;
  expect(await tryAll(overHttp)).toEqual([]);
  // Bad inputs of mutations get as far as their input is read: nothing of any of them was written.
  expect(transactions - before).toBe(0);
  const other = bystander();
  await Promise.all(
    [0, 1, 2].map((part) => tryAll((document) => overHttp({ ...document, name: `${part}` }))),
  );
  const waits = await other.stop();
  expect(Math.max(...waits)).toBeLessThan(MOST_MS * 3);
  expect(waits.length).toBeGreaterThan(5);
  expect(process.memoryUsage().heapUsed - memory).toBeLessThan(MOST_MEMORY);
}, 120_000);

it('answers what honest clients send', async () => {
  const refused: string[] = [];
  for (const document of honestDocuments(schema)) {
    const { codes, data } = await overHttp({ ...document, variables: document.variables ?? {} });
    // Their references name nothing; but they are looked up, which shows that the document ran.
    if (data === undefined && codes.includes('INVALID_ARGUMENT')) refused.push(document.name);
  }
  expect(refused).toEqual([]);
});

describe('other ways in', () => {
  const mutation = 'mutation { createProject(input: { name: "sneaky" }) { id } }';
  const encoded = (query: string, more = ''): string => `/graphql?query=${encodeURIComponent(query)}${more}`;

  it.each<[string, string, string, unknown]>([
    ['a batch of one', 'POST', '/graphql', [{ query: '{ whoami { __typename } }' }]],
    ['a batch of 1,000', 'POST', '/graphql', Array(1_000).fill({ query: '{ whoami { __typename } }' })],
    ['a persisted document', 'POST', '/graphql', { persisted: true, query: 'abc' }],
    [
      'a hash of a document',
      'POST',
      '/graphql',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'ab' } } },
    ],
    ['no document', 'POST', '/graphql', {}],
    ['a document that is a number', 'POST', '/graphql', { query: 1 }],
    ['variables that are a list', 'POST', '/graphql', { query: '{ whoami { __typename } }', variables: [] }],
    ['variables that are a text', 'POST', '/graphql', { query: '{ whoami { __typename } }', variables: 'a' }],
    [
      'a subscription',
      'POST',
      '/graphql',
      { query: 'subscription { operation(operation: "op_00000000000000000000") { id } }' },
    ],
    ['a subscription by GET', 'GET', encoded('subscription { operation(operation: "x") { id } }'), undefined],
    ['a mutation by GET', 'GET', encoded(mutation), undefined],
    [
      'an operation that GET does not have',
      'GET',
      encoded('query a { whoami { __typename } }', '&operationName=b'),
      undefined,
    ],
    ['a GET of fragments only', 'GET', encoded('fragment f on Query { whoami { __typename } }'), undefined],
    ['a GET of a syntax tree', 'GET', encoded('{"kind":"Document","definitions":[]}'), undefined],
    [
      'a GET with variables that are no JSON',
      'GET',
      encoded('{ whoami { __typename } }', '&variables=%7B'),
      undefined,
    ],
  ])('%s is refused', async (...[, method, path, body]) => {
    const outcome = await send(method, path, body === undefined ? undefined : JSON.stringify(body));
    expect(faultOf(outcome, 0)).toBeUndefined();
  });

  it('HEAD, like GET, changes nothing', async () => {
    for (const method of ['HEAD', 'GET'])
      await fetch(`${address}${encoded(mutation)}`, { method, headers: { authorization: `Bearer ${key}` } });
    const projects = await rig.call('GET', '/v1/projects', { key });
    expect(projects.json['items']).toEqual([]);
  });

  it('a GET of a query is answered', async () => {
    expect(await send('GET', encoded('{ whoami { __typename } }'))).toMatchObject({ codes: [] });
  });
});

describe('a body of REST', () => {
  const bomb = (levels: number): string => `{"name":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`;

  it.each<[string, string]>([
    ['100,000 levels', bomb(100_000)],
    ['4,000 levels', bomb(4_000)],
    ['300,000 lists', `{"name":${'['.repeat(300_000)}${']'.repeat(300_000)}}`],
    ['100,000 unknown fields', `{${Array.from({ length: 60_000 }, (_, at) => `"f${at}":1`).join()}}`],
    ['4,000 unknown fields', `{${Array.from({ length: 4_000 }, (_, at) => `"f${at}":1`).join()}}`],
    ['300,000 items', `{"name":[${'{},'.repeat(300_000)}1]}`],
    ['a field of a prototype', '{"name":"a","__proto__":{"role":"owner"}}'],
  ])('of %s is refused in few words', async (_what, payload) => {
    const before = transactions;
    const began = performance.now();
    const outcome = await send('POST', '/v1/projects', payload);
    expect(faultOf(outcome, performance.now() - began)).toBeUndefined();
    expect([outcome.bytes < 20_000, transactions - before]).toEqual([true, 0]);
  });
});

describe('the WebSocket', () => {
  let socket: WebSocket;
  const answers = new Map<string, Outcome>();
  let count = 0;

  beforeAll(async () => {
    socket = new WebSocket(`${address.replace('http', 'ws')}/graphql/stream`, 'graphql-transport-ws');
    let welcome = false;
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      const { type, id = '', payload } = JSON.parse(text) as { type: string; id?: string; payload?: never };
      if (type === 'connection_ack') welcome = true;
      if (type === 'error') answers.set(id, { ...outcomeOf({ errors: payload }), bytes: text.length });
      if (type === 'next') answers.set(id, { ...outcomeOf(payload ?? {}), bytes: text.length });
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
    await until(() => welcome, { what: 'the welcome' });
  });
  afterAll(() => socket.terminate());

  async function overSocket(document: SentDocument): Promise<Outcome> {
    const id = String((count += 1));
    socket.send(`{"type":"subscribe","id":"${id}","payload":${bodyOf(document)}}`);
    return until(() => answers.get(id), { what: 'an answer', everyMs: 1 });
  }

  it('refuses every hostile document too, on one connection that stays', async () => {
    const before = transactions;
    const small = hostile.filter((one) => bodyOf(one).length < 60_000);
    const wrong: string[] = [];
    for (const document of small) {
      const began = performance.now();
      const fault = faultOf(await overSocket(document), performance.now() - began);
      if (fault !== undefined) wrong.push(`${document.name}: ${fault}`);
    }
    expect(wrong).toEqual([]);
    expect([transactions - before, small.length > 200, socket.readyState]).toEqual([0, true, WebSocket.OPEN]);
    expect((await overSocket({ name: 'honest', query: '{ whoami { __typename } }' })).codes).toEqual([]);
  }, 60_000);

  it('closes on a message that is larger than any document may be, and answers the next connection', async () => {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(JSON.stringify({ type: 'subscribe', id: 'big', payload: { query: 'x'.repeat(70_000) } }));
    expect(await closed).toBe(1009);
    expect((await rig.call('GET', '/v1/whoami', { key })).status).toBe(200);
  });
});
