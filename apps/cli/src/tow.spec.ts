import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { ClientRequest, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { jest } from '@jest/globals';
import { ERROR_CODES, type ErrorCode } from '#libs/domain';
import { FakeHttp, SteppedClock, until, type FakeReply, type SeenRequest } from '#libs/testing';
import { COMMANDS } from './commands.js';
import type { OperationView, ServiceView } from './client/wire.types.js';
import type { Io } from './io.js';
import { runTow } from './main.js';

const KEY = 'tow_0123456789abcdef';
const NOW = Date.parse('2026-11-20T12:00:00Z');

class Memory extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface Result {
  exit: number;
  out: string;
  err: string;
  waits: number[];
}

let home: string;
let api: FakeHttp;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tow-home-'));
});
afterEach(async () => {
  await api.close();
  await rm(home, { recursive: true, force: true });
});

type Route = FakeReply | FakeReply[] | { by: (seen: SeenRequest) => FakeReply };

/** Serves replies by `METHOD /path`; a list gives them one after the other, the last one for good. */
async function serve(routes: Record<string, Route>): Promise<void> {
  api = await FakeHttp.start((seen, before) => {
    const route = routes[`${seen.method} ${seen.path}`];
    if (route === undefined)
      return { status: 404, body: { code: 'NOT_FOUND', detail: `no ${seen.method} ${seen.path}` } };
    if (typeof route === 'object' && 'by' in route) return route.by(seen);
    return Array.isArray(route) ? (route[Math.min(before, route.length - 1)] as FakeReply) : route;
  });
}

async function tow(line: string | string[], more: Partial<Io> & { input?: string } = {}): Promise<Result> {
  const [stdout, stderr] = [new Memory(), new Memory()];
  const waits: number[] = [];
  const clock = new SteppedClock(NOW);
  const { input, ...changes } = more;
  const io: Io = {
    env: { TOW_API_URL: api.url, TOW_API_KEY: KEY, TOW_PROJECT: 'web' },
    cwd: home,
    home,
    version: '1.2.3',
    stdin: Readable.from(input === undefined ? [] : [input]),
    stdout,
    stderr,
    clock,
    random: () => 1,
    newKey: () => 'same-key-every-time',
    sleep: (ms, signal) => {
      waits.push(ms);
      return signal?.aborted === true ? Promise.reject(new Error('aborted')) : Promise.resolve();
    },
    every: () => () => undefined,
    runTool: () => Promise.resolve(0),
    signal: new AbortController().signal,
    ...changes,
  };
  const words = typeof line === 'string' ? line.split(' ') : line;
  const before = api.seen.length;
  const exit = await runTow(words, io);
  await expectDeclared(words, api.seen.slice(before));
  return { exit, out: stdout.text, err: stderr.text, waits };
}

/** A command asks the API for nothing that its list of calls does not name (`curl` also asks the service). */
async function expectDeclared(words: string[], seen: SeenRequest[]): Promise<void> {
  // `bill explain` is below `bill`
  const entry = COMMANDS.filter((one) => `${words.join(' ')} `.startsWith(`${one.words} `))
    .toSorted((a, b) => a.words.length - b.words.length)
    .at(-1);
  if (entry === undefined || entry.words === 'curl') return;
  const calls = [
    ...(await entry.load()).calls,
    'GET /v1/projects',
    'GET /v1/projects/{project}/services/{service}',
  ];
  const onFailure = ['GET /v1/projects/{project}/services/{service}/logs'];
  const known = [...calls, ...onFailure].map(
    (call) => new RegExp(`^${call.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  );
  const unknown = seen.filter((one) => !known.some((call) => call.test(`${one.method} ${one.path}`)));
  expect(unknown.map((one) => `${one.method} ${one.path}`)).toEqual([]);
}

function operation(status: OperationView['status'], more: Partial<OperationView> = {}): OperationView {
  return {
    id: 'op_1',
    project: { id: 'prj_1', handle: 'web' },
    service: { id: 'svc_1', name: 'hello' },
    kind: 'deploy',
    status,
    steps: [
      { name: 'build', status: status === 'pending' ? 'pending' : status, message: `build is ${status}` },
    ],
    createdAt: '2026-11-20T12:00:00.000Z',
    version: '1',
    ...more,
  };
}

function service(more: Partial<ServiceView> = {}): ServiceView {
  return {
    id: 'svc_1',
    project: { id: 'prj_1', handle: 'web' },
    name: 'hello',
    access: 'private',
    minInstances: 0,
    template: {
      env: [{ name: 'OLD', value: '1' }],
      resources: { cpuMillis: 1000, memoryMiB: 512 },
      concurrency: 80,
      timeoutSeconds: 300,
      maxInstances: 100,
      port: 8080,
      protocol: 'http1',
    },
    traffic: [{ revision: 'latest', percent: 100 }],
    generation: '1',
    url: 'http://hello--web.localhost:8081',
    latestCreatedRevision: 'hello-00001',
    latestReadyRevision: 'hello-00001',
    status: {
      observedGeneration: '1',
      traffic: [{ revision: 'hello-00001', percent: 100 }],
      conditions: [],
    },
    createdAt: '2026-11-20T12:00:00.000Z',
    updatedAt: '2026-11-20T12:00:00.000Z',
    version: '7',
    ...more,
  };
}

const SERVICES = '/v1/projects/web/services';
const HELLO = `${SERVICES}/hello`;
const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const logged = (text: string): string => event('log', { time: '2026-11-20T12:00:01.000Z', text });

/** An event stream that ends (or is cut) after its text. */
function stream(text: string, end: 'end' | 'cut' = 'end'): FakeReply {
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => (end === 'end' ? response.end() : response.destroy()));
  };
}

describe('errors and exit codes', () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s has the exit code of the table', async (code) => {
    const { http, exit } = ERROR_CODES[code];
    const problem = {
      code,
      detail: 'A sentence.',
      violations: [{ field: 'template.port', message: 'is taken' }],
      nextStep: 'Do this.',
      requestId: 'req-1',
    };
    await serve({
      [`GET ${HELLO}`]: {
        status: http,
        headers: { 'content-type': 'application/problem+json' },
        body: problem,
      },
    });
    const plain = await tow('services describe hello');
    expect(plain).toMatchObject({ exit, out: '' });
    for (const part of ['A sentence.', code, 'template.port: is taken', 'Do this.', 'req-1'])
      expect(plain.err).toContain(part);
    const { error } = JSON.parse((await tow('services describe hello --json --quiet')).err) as {
      error: object;
    };
    expect(error).toMatchObject({
      code,
      exit,
      message: 'A sentence.',
      nextStep: expect.stringContaining('Do this.'),
      requestId: 'req-1',
    });
  });

  it('shows context, address and key of an access error, and says tow login', async () => {
    await serve({
      [`GET ${HELLO}`]: { status: 401, body: { code: 'UNAUTHENTICATED', detail: 'No.', nextStep: 'Ask.' } },
    });
    const { err } = await tow('services describe hello');
    expect(err).toContain(api.url);
    expect(err).toContain('tow_0123');
    expect(err).not.toContain(KEY);
    expect(err).toContain(`Ask. Then: tow login ${api.url}`);
  });

  it('does not take another server for a Towpath API', async () => {
    await serve({ [`GET ${HELLO}`]: { status: 500, body: '<html>' } });
    expect(await tow('services describe hello')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('not as a Towpath API'),
    });
  });

  it.each([
    '',
    'nope',
    'services',
    'services nope',
    'deploy',
    'deploy x',
    'deploy x --memory 1',
    'deploy x --nope',
    'deploy x --source . --image y',
    'keys create k --role king',
    'services update hello',
    'services update hello --add-volume name=a',
    'services update hello --liveness-probe path=/a',
    'services update-traffic hello',
  ])('usage: %j is exit 2 and asks nothing of the API', async (line) => {
    await serve({});
    expect((await tow(line)).exit).toBe(2);
    expect(api.seen).toEqual([]);
  });

  it.each([
    ['depoly', /^error: Unknown command 'depoly'\..*\n {2}next: Did you mean deploy\? Add --help/],
    ['deploy a --rollout x', /surge, replace\. \(INVALID_ARGUMENT\)/],
    ['deploy', /^error: Missing required argument 'name'\. .*\n {2}next: Add --help/],
  ])('usage: %j says what is wrong and the next step once', async (line, words) => {
    await serve({});
    const { err } = await tow(line);
    expect(err).toMatch(words);
    expect(err.match(/error/g)).toHaveLength(1);
  });

  it('usage in JSON is one line of JSON', async () => {
    await serve({});
    const { err, exit } = await tow('services list --json --bogus');
    expect(JSON.parse(err)).toMatchObject({
      error: { code: 'INVALID_ARGUMENT', message: "Unknown option '--bogus'.", exit },
    });
  });

  it('without a login is exit 3 and says how', async () => {
    await serve({});
    expect(await tow('services list', { env: {} })).toMatchObject({
      exit: 3,
      err: expect.stringContaining('tow login'),
    });
  });
});

describe('retries', () => {
  const busy: FakeReply = {
    status: 503,
    headers: { 'retry-after': '3' },
    body: { code: 'UNAVAILABLE', detail: 'Busy.' },
  };

  it('reads again after 503 and a cut connection, and waits as long as it was asked to', async () => {
    await serve({ [`GET ${SERVICES}`]: [busy, 'cut', { body: { items: [] } }] });
    const { exit, waits, err } = await tow('services list');
    expect(exit).toBe(0);
    expect(waits).toEqual([3000, 400]);
    expect(err).toContain('trying again');
  });

  it('gives up with the API’s own words', async () => {
    await serve({ [`GET ${SERVICES}`]: busy });
    expect(await tow('services list')).toMatchObject({ exit: 1, err: expect.stringContaining('Busy.') });
    expect(api.asked('GET', SERVICES)).toHaveLength(6);
  });

  it('repeats a POST with the same Idempotency-Key', async () => {
    await serve({ 'POST /v1/projects': ['cut', { status: 201, body: { handle: 'shop', name: 'Shop' } }] });
    let made = 0;
    const result = await tow('projects create Shop', { newKey: () => `key-${(made += 1)}` });
    expect(result).toMatchObject({ exit: 0, out: 'shop\n' });
    expect(api.seen.map((seen) => seen.headers['idempotency-key'])).toEqual(['key-1', 'key-1']);
  });

  it('does not repeat a PATCH or DELETE that may have been carried out', async () => {
    await serve({ [`DELETE ${HELLO}`]: 'cut' });
    expect((await tow('services delete hello')).exit).toBe(1);
    expect(api.asked('DELETE', HELLO)).toHaveLength(1);
  });

  it('says that nothing listens', async () => {
    await serve({});
    await api.close();
    const { exit, err } = await tow('services list');
    expect(exit).toBe(1);
    expect(err).toContain('nothing listens there');
  });
});

describe('lists', () => {
  it('reads all pages; JSON is an array, and stdout holds nothing else', async () => {
    await serve({
      [`GET ${SERVICES}`]: {
        by: (seen) => ({
          body: seen.query.has('cursor')
            ? { items: [service({ name: 'b' })] }
            : { items: [service({ name: 'a' })], nextCursor: 'c' },
        }),
      },
    });
    const { out } = await tow('services list --json');
    expect((JSON.parse(out) as ServiceView[]).map((one) => one.name)).toEqual(['a', 'b']);
    expect((await tow('services list')).out).toMatch(/^NAME +READY/);
  });

  it('is an empty array in JSON and words on stderr otherwise', async () => {
    await serve({ [`GET ${SERVICES}`]: { body: { items: [] } } });
    expect(await tow('services list --json')).toMatchObject({ out: '[]\n', err: '' });
    expect(await tow('services list')).toMatchObject({ out: '', err: expect.stringContaining('tow deploy') });
  });

  it('adds exact integers beyond what a number holds', async () => {
    const row = {
      service: 'hello',
      revision: 'hello-00001',
      day: '2026-11-20',
      requests: '9007199254740993',
      blocks: '2',
      billableMs: '200',
      perRequestUnits: '3',
    };
    await serve({ 'GET /v1/projects/web/usage': { body: { items: [row, row] } } });
    expect((await tow('usage --service hello')).out).toContain('18014398509481986');
  });
});

describe('the bill', () => {
  it('shows the exact decimals as they come', async () => {
    const line = {
      project: 'web',
      service: 'hello',
      revision: 'hello-00001',
      day: '2026-11-20',
      item: 'memory',
      quantity: '3',
      unit: '100 ms x GiB',
      rate: '0.00000025',
      amount: '0.00000075',
    };
    const answer = {
      currency: 'EUR',
      month: '2026-11',
      lines: [line],
      total: '12345678901234567890.00000075',
      due: '12345678901234567890.00',
      comparison: { perRequest: { total: '1', due: '2.00' } },
    };
    await serve({ 'GET /v1/bill': { body: answer } });
    const { out } = await tow('bill --month 2026-11');
    for (const part of [line.amount, line.rate, answer.total, `${answer.due} EUR`, '2.00 EUR'])
      expect(out).toContain(part);
    expect(api.seen[0]?.query.get('month')).toBe('2026-11');
    expect(JSON.parse((await tow('bill --json')).out)).toEqual(answer);
  });

  it('has commands below it that share its flags', async () => {
    const row = {
      id: 'rev_1-0-default',
      start: '2026-10-10T12:00:00Z',
      state: 'closed',
      amount: '0.0000024',
    };
    const grant = { kind: 'grant', id: 'free', amount: '-0.1' };
    const charge = { quantity: '2', list: '0.3', adjustments: [grant], amount: '0.2', rounded: '0.20' };
    const line = { name: 'CPU time', unit: 's', currency: 'USD', charges: [charge], charged: '0.20' };
    await serve({
      'GET /v1/bill/line': { body: line },
      'GET /v1/bill/windows': { body: { items: [row] } },
      'GET /v1/bill/windows/export': { body: `${JSON.stringify(row)}\n` },
    });
    const { out } = await tow('bill explain cpu --month 2026-10 --limit 5');
    const steps = ['2 s at list price: 0.3', 'grant free: -0.1', 'asked for: 0.20 USD'];
    for (const part of [...steps, row.id, row.amount]) expect(out).toContain(part);
    const asked = api.seen.at(-1);
    expect(['line', 'month', 'limit'].map((name) => asked?.query.get(name))).toEqual(['cpu', '2026-10', '5']);
    const { out: json } = await tow('bill explain cpu --json');
    expect(JSON.parse(json)).toEqual({ ...line, windows: [row] });
  });

  it('explains a fee by when it was held', async () => {
    const held = [{ from: '2026-10-20T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' }];
    const fee = { formula: '31 × 12 ms ÷ 31 ms', held };
    const line = { name: 'Base', unit: 'month', currency: 'USD', charges: [], charged: '12.00', fee };
    await serve({ 'GET /v1/bill/line': { body: line } });
    const { out } = await tow('bill explain base --month 2026-10');
    for (const part of [fee.formula, held[0]?.from, held[0]?.to, '12.00 USD']) expect(out).toContain(part);
    expect(JSON.parse((await tow('bill explain base --json')).out)).toEqual({ ...line, windows: [] });
    expect(api.seen.map(({ path }) => path)).toEqual(['/v1/bill/line', '/v1/bill/line']);
  });
});

describe('the project', () => {
  it('is the only one when none is named', async () => {
    await serve({
      'GET /v1/projects': { body: { items: [{ handle: 'web' }] } },
      [`GET ${SERVICES}`]: { body: { items: [] } },
    });
    expect((await tow('services list', { env: { TOW_API_URL: api.url, TOW_API_KEY: KEY } })).exit).toBe(0);
  });

  it('must be named when there are several', async () => {
    await serve({ 'GET /v1/projects': { body: { items: [{ handle: 'a' }, { handle: 'b' }] } } });
    const result = await tow('services list', { env: { TOW_API_URL: api.url, TOW_API_KEY: KEY } });
    expect(result).toMatchObject({ exit: 2, err: expect.stringContaining('a, b') });
  });

  it('is taken from the flag first, and never becomes another address', async () => {
    await serve({});
    await tow(['services', 'list', '--project', '../keys?x']);
    expect(api.seen[0]?.path).toBe('/v1/projects/..%2Fkeys%3Fx/services');
  });
});

describe('deploy', () => {
  beforeEach(() => writeFile(join(home, 'index.js'), 'listen()'));
  const upload: FakeReply = { status: 201, body: { id: 'upl_1' } };
  const accepted: FakeReply = { status: 202, body: operation('pending') };
  const ended = stream(
    event('operation', operation('running')) + logged('npm ci') + event('operation', operation('succeeded')),
  );
  const missing: FakeReply = { status: 404, body: { code: 'NOT_FOUND', detail: 'No.' } };

  it('packs, sends with the digest, makes the service, follows it, and prints the URL alone on stdout', async () => {
    await serve({
      [`GET ${HELLO}`]: [missing, { body: service() }],
      'POST /v1/projects/web/uploads': upload,
      [`POST ${SERVICES}`]: accepted,
      'GET /v1/operations/op_1/events': ended,
    });
    const result = await tow(
      'deploy hello --source . --set-env-vars A=1 --memory 1Gi --gpus 1 --gpu-class l4 --allow-unauthenticated --min-instances 2',
    );
    expect(result).toMatchObject({ exit: 0, out: 'http://hello--web.localhost:8081\n' });
    const sent = api.asked('POST', '/v1/projects/web/uploads')[0];
    const digest = createHash('sha256')
      .update(sent?.body ?? '')
      .digest('base64');
    expect(sent?.headers).toMatchObject({
      'content-digest': `sha-256=:${digest}:`,
      'content-type': 'application/gzip',
      authorization: `Bearer ${KEY}`,
    });
    expect(JSON.parse(String(api.asked('POST', SERVICES)[0]?.body))).toEqual({
      name: 'hello',
      access: 'public',
      minInstances: 2,
      template: {
        source: { uploadId: 'upl_1' },
        env: [{ name: 'A', value: '1' }],
        resources: { memoryMiB: 1024, gpus: 1, gpuClass: 'l4' },
      },
    });
    expect(result.err).toContain('| npm ci');
    expect(result.err).toContain('✓ build');
    expect(result.err).toContain('tow services update hello --allow-unauthenticated');
  });

  it('changes an existing service; replacing the environment is bound to the version that was read', async () => {
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      'POST /v1/projects/web/uploads': upload,
      [`PATCH ${HELLO}`]: [{ status: 409, body: { code: 'VERSION_CONFLICT', detail: 'Changed.' } }, accepted],
      'GET /v1/operations/op_1/events': ended,
    });
    const result = await tow('deploy hello --source . --set-env-vars A=1 --no-traffic --tag next --json');
    expect(JSON.parse(result.out)).toMatchObject({ name: 'hello', url: expect.any(String) });
    expect(api.asked('PATCH', HELLO)).toHaveLength(2);
    expect(JSON.parse(String(api.asked('PATCH', HELLO)[1]?.body))).toEqual({
      version: '7',
      noTraffic: true,
      tag: 'next',
      template: {
        source: { uploadId: 'upl_1' },
        env: [
          { name: 'OLD', value: null },
          { name: 'A', value: '1' },
        ],
      },
    });
  });

  it('by Knative YAML makes and changes services; what they cannot have is named, and nothing is sent', async () => {
    const manifest = (container: string): string =>
      `{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: hello}, spec: {template: {spec: {containers: [${container}]}}}}`;
    await serve({
      [`GET ${HELLO}`]: [missing, { body: service() }],
      [`POST ${SERVICES}`]: accepted,
      [`PATCH ${HELLO}`]: accepted,
      'GET /v1/operations/op_1/events': ended,
    });
    await writeFile(join(home, 'a.yaml'), manifest('{image: r.test/a}'));
    expect((await tow('apply -f a.yaml --allow-unauthenticated')).exit).toBe(0);
    expect(JSON.parse(String(api.asked('POST', SERVICES)[0]?.body))).toMatchObject({
      name: 'hello',
      access: 'public',
      template: { image: 'r.test/a' },
    });
    expect((await tow('apply -f -', { input: manifest('{image: r.test/b}') })).exit).toBe(0);
    expect(JSON.parse(String(api.asked('PATCH', HELLO)[0]?.body))).toMatchObject({
      version: '7',
      template: { image: 'r.test/b', env: [{ name: 'OLD', value: null }] },
    });
    const before = api.seen.length;
    const refused = await tow('apply -f -', { input: manifest('{image: r.test/c, tty: true, stdin: true}') });
    expect(refused).toMatchObject({ exit: 2, out: '' });
    expect(refused.err).toMatch(
      /containers\[0\]\.tty: is not supported[^]*containers\[0\]\.stdin: is not supported/,
    );
    expect(api.seen).toHaveLength(before);
  });

  it('reconnects a broken stream, shows repeated build output once, and takes equal lines twice', async () => {
    const first = event('operation', operation('running')) + logged('one') + logged('same') + logged('same');
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      [`PATCH ${HELLO}`]: accepted,
      'GET /v1/operations/op_1': { body: operation('running') },
      'GET /v1/operations/op_1/events': [
        stream(first, 'cut'),
        stream(first + logged('two') + event('operation', operation('succeeded'))),
      ],
    });
    const { exit, err } = await tow('services update hello --concurrency 10');
    expect(exit).toBe(0);
    expect(err.match(/\| \w+/g)).toEqual(['| one', '| same', '| same', '| two']);
  });

  it('falls back to asking where no stream gets through', async () => {
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      [`PATCH ${HELLO}`]: accepted,
      'GET /v1/operations/op_1': [
        ...Array<FakeReply>(6).fill({ body: operation('running') }),
        { body: operation('succeeded') },
      ],
      'GET /v1/operations/op_1/events': { headers: { 'content-type': 'text/html' }, body: '<html>' },
    });
    expect((await tow('services update hello --concurrency 10')).exit).toBe(0);
    expect(api.asked('GET', '/v1/operations/op_1/events')).toHaveLength(3);
  });

  it('a failing build ends with cause, field, next step and the exit code; quiet shows the last lines then', async () => {
    const error = {
      code: 'BUILD_FAILED' as const,
      message: '`npm ci` ended with 1.',
      violations: [{ field: 'template.source', message: 'no lock file' }],
      nextStep: 'Add one.',
    };
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      'POST /v1/projects/web/uploads': upload,
      [`PATCH ${HELLO}`]: accepted,
      'GET /v1/operations/op_1/events': stream(
        logged('npm ERR!') + event('operation', operation('failed', { error })),
      ),
    });
    const { exit, out, err } = await tow('deploy hello --source . --quiet');
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    for (const part of ['`npm ci` ended with 1.', 'template.source: no lock file', 'Add one.', '| npm ERR!'])
      expect(err).toContain(part);
  });

  it('a failing start shows what the program wrote last', async () => {
    const error = { code: 'START_FAILED' as const, message: 'The port was never opened.' };
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      [`PATCH ${HELLO}`]: accepted,
      'GET /v1/operations/op_1/events': stream(event('operation', operation('failed', { error }))),
      [`GET ${HELLO}/logs`]: {
        body: { items: [{ time: 't', stream: 'stderr', text: 'Cannot find module \u001b[31mx' }] },
      },
    });
    const { exit, err } = await tow('services update hello --port 9');
    expect(exit).toBe(1);
    expect(err).toContain('| Cannot find module [31mx');
  });

  it('Ctrl-C says that the operation goes on and how to follow it', async () => {
    const interrupt = new AbortController();
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      [`PATCH ${HELLO}`]: accepted,
      'GET /v1/operations/op_1/events': (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(event('operation', operation('running')));
      },
    });
    const running = tow('services update hello --concurrency 10', { signal: interrupt.signal });
    await until(() => api.asked('GET', '/v1/operations/op_1/events').length > 0);
    interrupt.abort();
    expect(await running).toMatchObject({
      exit: 130,
      err: expect.stringContaining('tow operations wait op_1'),
    });
  });

  it('--async prints the operation and does not wait', async () => {
    await serve({ [`GET ${HELLO}`]: missing, [`POST ${SERVICES}`]: accepted });
    expect(await tow('deploy hello --image x --async')).toMatchObject({ exit: 0, out: 'op_1\n' });
  });

  it('sends nothing of a folder with a Dockerfile', async () => {
    await writeFile(join(home, 'Dockerfile'), '');
    await serve({ [`GET ${HELLO}`]: missing });
    expect((await tow('deploy hello --source .')).exit).toBe(1);
    expect(api.seen.every((seen) => seen.method === 'GET')).toBe(true);
  });
});

describe('operations wait', () => {
  it('ends with 124 when the time is over', async () => {
    await serve({
      'GET /v1/operations/op_1': { body: operation('running') },
      'GET /v1/operations/op_1/events': (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      },
    });
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
      if (ms !== 600_000) return;
      await until(() => api.asked('GET', '/v1/operations/op_1/events').length > 0);
      if (signal?.aborted === true) throw new Error('aborted');
    };
    expect(await tow('operations wait op_1 --timeout 10m', { sleep })).toMatchObject({
      exit: 124,
      err: expect.stringContaining('it goes on'),
    });
  });
});

describe('update-traffic and rollback', () => {
  it('computes the whole split from what is there, bound to its version, and prints what is in force', async () => {
    await serve({
      [`GET ${HELLO}`]: { body: service() },
      [`PUT ${HELLO}/traffic`]: { status: 202, body: operation('pending') },
      [`GET ${HELLO}/traffic`]: { body: { traffic: [{ revision: 'hello-00001', percent: 90 }], intent: [] } },
      'GET /v1/operations/op_1/events': stream(event('operation', operation('succeeded'))),
    });
    const { exit, out } = await tow(
      'services update-traffic hello --to-revisions hello-00001=90,hello-00002=10 --set-tags canary=hello-00002',
    );
    expect(exit).toBe(0);
    expect(out).toContain('hello-00001  90');
    expect(JSON.parse(String(api.asked('PUT', `${HELLO}/traffic`)[0]?.body))).toEqual({
      version: '7',
      traffic: [
        { revision: 'hello-00001', percent: 90 },
        { revision: 'hello-00002', percent: 10 },
        { revision: 'hello-00002', percent: 0, tag: 'canary' },
      ],
    });
  });
});

describe('logs', () => {
  const entry = (text: string, second: number): string =>
    event('log', {
      time: `2026-11-20T12:00:0${second}.000Z`,
      stream: 'stdout',
      revision: 'hello-00001',
      text,
    });

  it('turns 10m into a time and prints an array in JSON', async () => {
    await serve({
      [`GET ${HELLO}/logs`]: { body: { items: [{ time: 't', stream: 'stdout', text: 'hi' }] } },
    });
    expect(JSON.parse((await tow('logs hello --since 10m --json')).out)).toHaveLength(1);
    expect(api.seen[0]?.query.get('since')).toBe('2026-11-20T11:50:00.000Z');
  });

  it('--follow reconnects from the last line and repeats none', async () => {
    const interrupt = new AbortController();
    await serve({
      [`GET ${HELLO}/logs`]: [
        stream(entry('one', 1) + entry('two', 2), 'cut'),
        (response: ServerResponse) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(entry('two', 2) + entry('three', 3), () => interrupt.abort());
        },
      ],
    });
    const stdout = new Memory();
    const { exit } = await tow('logs hello --follow', { signal: interrupt.signal, stdout });
    expect(exit).toBe(130);
    expect(stdout.text.match(/one|two|three/g)?.slice(0, 2)).toEqual(['one', 'two']);
    expect(stdout.text.match(/two/g)).toHaveLength(1);
    expect(api.seen[1]?.query.get('since')).toBe('2026-11-20T12:00:02.000Z');
  });
});

describe('curl', () => {
  const whoami = { body: { installation: { apiUrl: 'x', gatewayPort: 1, domain: 'localhost' } } };
  const at = (path: string): ServiceView =>
    service({ url: `http://hello--web.localhost:${api.port}${path}`, access: 'public' });

  it('sends a token to a private service, unless it is told what to send', async () => {
    await serve({
      [`GET ${HELLO}`]: { by: () => ({ body: { ...at(''), access: 'private' } }) },
      [`POST ${HELLO}/token`]: { body: { token: 'signed', audience: 'x', expiresAt: 'y' } },
      'GET /v1/whoami': whoami,
      'GET /': { body: 'hi' },
    });
    expect(await tow('curl hello')).toMatchObject({ exit: 0, out: 'hi' });
    expect(await tow(['curl', 'hello', '-H', 'Authorization: Basic x'])).toMatchObject({ exit: 0 });
    const [first, second] = api.asked('GET', '/').map(({ headers }) => headers.authorization);
    expect([first, second]).toEqual(['Bearer signed', 'Basic x']);
    expect(api.asked('POST', `${HELLO}/token`)).toHaveLength(1);
  });

  it('connects to this machine with the service’s Host, prints the body as it is, and sends what it was given', async () => {
    await serve({
      [`GET ${HELLO}`]: { by: () => ({ body: at('') }) },
      'GET /v1/whoami': whoami,
      'POST /items': { status: 418, headers: { 'x-a': 'b' }, body: 'no newline' },
    });
    const result = await tow(
      ['curl', 'hello', '/items?q=1', '-d', 'a=1', '-d', '@-', '-H', 'X-One: 1', '-i'],
      { input: 'b=2' },
    );
    expect(result.exit).toBe(0);
    expect(result.out).toMatch(/^HTTP\/1\.1 418/);
    expect(result.out).toMatch(/\n\nno newline$/);
    const seen = api.asked('POST', '/items')[0];
    expect(String(seen?.body)).toBe('a=1&b=2');
    expect(seen?.headers).toMatchObject({ host: `hello--web.localhost:${api.port}`, 'x-one': '1' });
    expect(seen?.headers.authorization).toBeUndefined();
  });

  it('--fail makes 400 and more a failure', async () => {
    await serve({
      [`GET ${HELLO}`]: { by: () => ({ body: at('') }) },
      'GET /v1/whoami': whoami,
      'GET /': { status: 403, body: 'private' },
    });
    expect(await tow('curl hello')).toMatchObject({ exit: 0, out: 'private' });
    expect(await tow('curl hello --fail')).toMatchObject({ exit: 1, out: 'private' });
  });

  it('fails when nothing listens', async () => {
    await serve({
      [`GET ${HELLO}`]: { body: service({ access: 'public', url: 'http://hello--web.localhost:1' }) },
      'GET /v1/whoami': whoami,
    });
    expect(await tow('curl hello')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('nothing listens'),
    });
  });
});

describe('login and contexts', () => {
  const who: FakeReply = { body: { actor: { role: 'owner' }, organization: { id: 'org_1', name: 'Acme' } } };
  const file = (): string => join(home, '.config/towpath/config.json');

  it('keeps key and normal URL in a file of the owner’s own, and uses them', async () => {
    await serve({ 'GET /v1/whoami': who, 'GET /v1/keys': { body: { items: [] } } });
    const login = [
      'login',
      `${api.url.toUpperCase().replace('HTTP', 'http')}/v1/`,
      '--key-file',
      '-',
      '--name',
      'here',
    ];
    expect(await tow(login, { env: {}, input: `${KEY}\n` })).toMatchObject({ exit: 0, out: 'here\n' });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({
      current: 'here',
      contexts: { here: { url: api.url, key: KEY } },
    });
    expect((await tow('keys list', { env: {} })).exit).toBe(0);
    expect(api.asked('GET', '/v1/keys')[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect((await tow('contexts list --json', { env: {} })).out).not.toContain(KEY);
  });

  it('keeps nothing when the key is refused', async () => {
    await serve({ 'GET /v1/whoami': { status: 401, body: { code: 'UNAUTHENTICATED', detail: 'No.' } } });
    expect((await tow(['login', api.url, '--key', 'bad'], { env: {} })).exit).toBe(3);
    await expect(stat(file())).rejects.toThrow('ENOENT');
  });

  it('never sends a context’s key to another URL', async () => {
    await serve({ 'GET /v1/whoami': who, 'GET /v1/keys': { body: { items: [] } } });
    await tow(['login', 'http://127.0.0.1:1', '--key', KEY], { env: {} });
    await tow(['login', api.url, '--key', KEY, '--name', 'mine'], { env: {} });
    const other = await FakeHttp.start(() => ({ body: { items: [] } }));
    await tow('keys list', { env: { TOW_API_URL: other.url } });
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
    await other.close();
  });

  it('says what is wrong with a broken file', async () => {
    await serve({});
    await writeFile(join(home, 'broken.json'), '{');
    const result = await tow('keys list', { env: { TOW_CONFIG: join(home, 'broken.json') } });
    expect(result).toMatchObject({ exit: 5, err: expect.stringContaining('broken.json') });
  });
});

describe('secrets', () => {
  it('takes the value from stdin without its last line break, never shows it, and refuses to go without one', async () => {
    await serve({
      'POST /v1/projects/web/secrets': { status: 201, body: { name: 's', versions: [{ number: 1 }] } },
    });
    const result = await tow('secrets create s --value-file -', { input: 'canary\n' });
    expect(JSON.parse(String(api.seen[0]?.body))).toEqual({ name: 's', value: 'canary' });
    expect(result.out + result.err).not.toContain('canary');
    expect((await tow('secrets create s')).exit).toBe(2);
  });
});

describe('what a cluster has of GPU classes', () => {
  const cluster = { id: 'cls_1', name: 'alpha', runtime: 'knative', gpus: [], conditions: [] };
  const supply = {
    ...{ gpuClass: 'nvidia-l4', nodes: 3, perNode: 8 },
    ...{ total: 24, taken: 21, free: 3, freePerNode: 2 },
  };
  it('is shown by class', async () => {
    await serve({ 'GET /v1/clusters/alpha': { body: { ...cluster, gpuSupply: [supply] } } });
    const { out } = await tow('clusters describe alpha');
    expect(out).toMatch(/^GPU CLASS +NODES +ON ONE +GPUS +TAKEN +FREE +FREE ON ONE$/m);
    expect(out).toMatch(/^nvidia-l4 +3 +8 +24 +21 +3 +2$/m);
  });

  it('is left out where it is not counted', async () => {
    await serve({ 'GET /v1/clusters/alpha': { body: cluster } });
    const { exit, out } = await tow('clusters describe alpha');
    expect([exit, out.includes('GPU CLASS')]).toEqual([0, false]);
  });

  it('is bounded for an instance by the operator', async () => {
    let sent: unknown;
    const made = { id: 'gpc_1', name: 'l4', nodeLabels: [], tolerations: [] };
    await serve({
      'POST /v1/gpu-classes': {
        by: ({ body }) => {
          sent = JSON.parse(body.toString());
          return { status: 201, body: made };
        },
      },
    });
    expect((await tow('gpu-classes create l4 --node-labels pool=l4 --max-gpus 8')).exit).toBe(0);
    expect(sent).toMatchObject({ name: 'l4', maxGpus: 8 });
  });
});

describe('a line of a bill', () => {
  const MINUTES = 250;
  const minute = (n: number): object => ({
    ...{
      id: `rev_1-${n}`,
      start: new Date(NOW + n * 60_000).toISOString(),
      service: 'web',
      revision: 'web-1',
    },
    ...{ requests: '1', blocks: '1', quantity: '1', unit: 's', rate: '1', currency: 'USD', amount: '1' },
    ...{ state: 'closed', corrected: false },
  });
  const line = { month: '2026-11', plan: 'gold', version: 1, item: 'time', name: 'Time', unit: 's' };
  const explained = (): Promise<void> =>
    serve({
      'GET /v1/bill/line': { body: { ...line, currency: 'USD', charges: [], charged: '250.00' } },
      'GET /v1/bill/windows': {
        by: ({ query }) => {
          const from = Number(query.get('cursor') ?? 0);
          const to = Math.min(from + Number(query.get('limit')), MINUTES);
          const items = Array.from({ length: to - from }, (_, i) => minute(from + i));
          return { body: { items, ...(to < MINUTES ? { nextCursor: String(to) } : {}) } };
        },
      },
      'GET /v1/bill/windows/export': { body: MANY },
    });
  const MANY = Array.from({ length: MINUTES }, (_, n) => `${JSON.stringify(minute(n))}\n`).join('');
  const counted = ({ out }: Result): number => (JSON.parse(out) as { windows: unknown[] }).windows.length;

  it('is explained as JSON by all its minutes, or by as many as were asked for', async () => {
    await explained();
    expect(counted(await tow('bill explain time --json'))).toBe(MINUTES);
    expect(api.seen.map(({ path }) => path)).toEqual(['/v1/bill/line', '/v1/bill/windows/export']);
    expect(counted(await tow('bill explain time --json --limit 7'))).toBe(7);
  });

  it('says on a terminal when there are more minutes than it prints', async () => {
    await explained();
    const { out } = await tow('bill explain time');
    expect([out.match(/web-1/g)?.length, out.includes('There are more')]).toEqual([100, true]);
    const all = await tow(`bill explain time --limit ${MINUTES}`);
    expect(all.out).not.toContain('There are more');
  });

  it('of time of instances leads to what each instance did', async () => {
    const stretch = {
      from: '2026-11-20T12:00:00.000Z',
      to: '2026-11-20T12:00:30.000Z',
      state: 'idle',
      ms: '30000',
    };
    const row = { ...minute(0), id: 'x', request: 'pod-7', opened: [], stretch };
    await serve({ 'GET /v1/bill/windows/rev_1-0/requests': { body: { items: [row] } } });
    const { out } = await tow('bill explain l4 --window rev_1-0');
    expect(out).toMatch(/^INSTANCE +FROM +TO +STATE +COUNTED MS +QUANTITY +UNIT +AMOUNT$/m);
    expect(out).toMatch(/^pod-7 +2026-11-20T12:00:00.000Z +2026-11-20T12:00:30.000Z +idle +30000 +1 +s +1$/m);
  });
});

it('waits longer for what reads all records of a month than for anything else', async () => {
  const patience = jest.spyOn(ClientRequest.prototype, 'setTimeout');
  try {
    await serve({ 'GET /v1/bill/replay': { status: 404, body: { code: 'NOT_FOUND', detail: 'no plan' } } });
    await tow('bill replay');
    await tow('bill');
    expect(patience.mock.calls.map(([ms]) => ms)).toEqual([30 * 60_000, 60_000]);
  } finally {
    patience.mockRestore();
  }
});
