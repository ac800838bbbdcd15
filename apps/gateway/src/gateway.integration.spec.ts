import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { GATEWAYS_BUCKET, ROUTES_BUCKET, decode, gatewayStatusSchema, logBatchSchema } from '#libs/bus';
import type { GatewayStatus, LogEntry } from '#libs/bus';
import { REQUEST_HEADERS } from '#libs/domain';
import type { Route, RouteBackend, UsageRecord } from '#libs/domain';
import { freePorts, until } from '#libs/testing';
import { ask, askH2, upgrade } from './testing/ask.js';
import type { Answer, Question } from './testing/ask.js';
import { GATEWAY, GatewayLab } from './testing/gateway.rig.js';
import { startIngress } from './testing/ingress.js';
import type { Seen } from './testing/ingress.js';

const ORGANIZATION = 'org_00000000000000000001' as const;
const PROJECT = 'prj_00000000000000000001' as const;
const SERVICE = 'svc_00000000000000000001' as const;
const CLUSTER = 'cls_00000000000000000001' as const;
const OTHER_CLUSTER = 'cls_00000000000000000002' as const;
const revisionId = (number: number) => `rev_0000000000000000000${number}` as const;

describe('a gateway with its Envoy', () => {
  let lab: GatewayLab;
  const entries: LogEntry[] = [];
  let version = 0;

  const log = () => lab.file('log', 'envoy.log');
  const backend = (number: number, percent: number, more: Partial<RouteBackend> = {}): RouteBackend => ({
    revisionId: revisionId(number),
    revision: `hello-0000${number}`,
    percent,
    host: `hello-0000${number}.prj.lab`,
    protocol: 'http1',
    timeoutSeconds: 30,
    doors: [{ clusterId: CLUSTER, door: { host: '127.0.0.1', port: lab.ingress.port } }],
    ...more,
  });
  const route = (host: string, backends: RouteBackend[], more: Partial<Route> = {}): Route => ({
    schemaVersion: 1,
    host,
    version: ++version,
    organizationId: ORGANIZATION,
    projectId: PROJECT,
    serviceId: SERVICE,
    access: 'public',
    backends,
    ...more,
  });
  const status = async (): Promise<GatewayStatus | undefined> =>
    (await lab.nats.bus.getKey(GATEWAYS_BUCKET, GATEWAY, gatewayStatusSchema))?.value;
  const acknowledged = async (): Promise<number> => (await status())?.acknowledged ?? -1;
  const untilAcknowledged = (sequence: number) =>
    until(async () => (await acknowledged()) >= sequence, { what: `sequence ${sequence} acknowledged` });
  const serve = async (one: Route): Promise<void> => {
    await untilAcknowledged(await lab.show(one));
  };
  const get = (host: string, more: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: lab.ports.listen, host, ...more });
  const seenBy = (answer: Answer): Seen => JSON.parse(answer.body) as Seen;
  const recordsOf = (answer: Answer): UsageRecord[] =>
    lab.records.filter(({ streamId }) => streamId === answer.headers['x-request-id']);
  const recordOf = (answer: Answer): Promise<UsageRecord> =>
    until(() => recordsOf(answer)[0], { what: 'its record' });

  beforeAll(async () => {
    lab = await GatewayLab.start();
    lab.nats.bus.nc.subscribe('logs.>', {
      callback: (_error, message) => void entries.push(...decode(logBatchSchema, message.data).entries),
    });
  }, 60_000);
  afterAll(() => lab.stop(), 30_000);

  it('serves a host: right revision, right Host, headers nobody can forge, a request id of its own', async () => {
    await serve(route('hello--p.lab', [backend(1, 100)]));
    const forged = {
      'x-request-id': 'mine',
      'x-towpath-revision': 'rev_forged',
      'X-Towpath-Anything': 'x',
      'k-proxy-request': 'x',
      'Knative-Serving-Tag': 'x',
      'x-forwarded-client-cert': 'Hash=evil',
      'x-forwarded-host': 'evil',
      'x-envoy-upstream-rq-timeout-ms': '1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    const answer = await get('hello--p.lab', { headers: forged, path: '/a?b=c' });
    expect(answer.status).toBe(200);
    const { headers, path: asked } = seenBy(answer);
    expect(asked).toBe('/a?b=c');
    expect(headers).toMatchObject({
      host: 'hello-00001.prj.lab',
      'x-towpath-revision': revisionId(1),
      'x-forwarded-host': 'hello--p.lab',
      traceparent: forged.traceparent,
      'x-request-id': answer.headers['x-request-id'],
    });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const names = Object.keys(headers).filter((name) =>
      /^(k-|knative-|x-towpath-|x-envoy-|x-forwarded-client)/.test(name),
    );
    expect(names.filter((name) => !['x-envoy-external-address'].includes(name))).toEqual([
      REQUEST_HEADERS.revision,
    ]);
  });

  it.each([
    ['with a port', 'hello--p.lab:8080'],
    ['with a dot at the end', 'hello--p.lab.'],
  ])('knows the host %s', async (_name, host) => {
    expect((await get(host)).status).toBe(200);
  });

  it.each([
    ['HELLO--P.Lab', 'http://hello--p.lab/?a=B'],
    ['Hello--p.LAB:8080', 'http://hello--p.lab:8080/?a=B'],
    ['Nobody.Lab', 'http://nobody.lab/?a=B'],
  ])('sends who writes the host as %s to %s', async (host, location) => {
    const answer = await get(host, { path: '/?a=B' });
    expect([answer.status, answer.headers['location']]).toEqual([308, location]);
  });

  it('splits 90/10 over two revisions of the same cluster', async () => {
    await serve(route('split--p.lab', [backend(1, 90), backend(2, 10)]));
    const shares = await countRevisions('split--p.lab', 2_000);
    expect(shares.get(revisionId(2))).toBeGreaterThan(140);
    expect(shares.get(revisionId(2))).toBeLessThan(260);
    expect((shares.get(revisionId(1)) ?? 0) + (shares.get(revisionId(2)) ?? 0)).toBe(2_000);
  }, 60_000);

  it('splits revisions with different timeouts by the same shares', async () => {
    const backends = [
      backend(1, 60),
      backend(2, 30, { timeoutSeconds: 5 }),
      backend(3, 10, { timeoutSeconds: 6 }),
    ];
    await serve(route('timeouts--p.lab', backends));
    const shares = await countRevisions('timeouts--p.lab', 2_000);
    for (const [number, low, high] of [
      [1, 1_100, 1_300],
      [2, 520, 680],
      [3, 140, 260],
    ] as const) {
      expect(shares.get(revisionId(number))).toBeGreaterThan(low);
      expect(shares.get(revisionId(number))).toBeLessThan(high);
    }
  }, 60_000);

  it('serves a tag host on its own', async () => {
    await serve(route('canary---hello--p.lab', [backend(2, 100)]));
    expect(seenBy(await get('canary---hello--p.lab')).headers.host).toBe('hello-00002.prj.lab');
  });

  it.each([
    [
      'private',
      (): Route => route('private--p.lab', [backend(1, 100)], { access: 'private' }),
      401,
      'UNAUTHENTICATED',
    ],
    ['without a ready revision', (): Route => route('empty--p.lab', []), 503, 'UNAVAILABLE'],
    ['unknown', (): undefined => undefined, 404, 'NOT_FOUND'],
  ] as const)('answers for a host that is %s', async (name, make, status, code) => {
    const made = make();
    if (made) await serve(made);
    const answer = await get(made?.host ?? 'nobody--p.lab');
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(answer.body)).toEqual({
      code,
      message: expect.any(String),
      nextStep: expect.any(String),
      requestId: answer.headers['x-request-id'],
    });
    if (made) expect(await recordOf(answer)).toMatchObject({ status, reached: false, serviceId: SERVICE });
  });

  it('answers 503 while the door is closed, and costs nothing', async () => {
    const [closed] = await freePorts(1);
    const doors = [{ clusterId: OTHER_CLUSTER, door: { host: '127.0.0.1', port: closed as number } }];
    await serve(route('closed--p.lab', [backend(1, 100, { doors })]));
    const answer = await get('closed--p.lab');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'UNAVAILABLE',
      requestId: answer.headers['x-request-id'],
    });
    expect(await recordOf(answer)).toMatchObject({ reached: false, attempts: 5 });
    await serve(route('closed--p.lab', [backend(1, 100)]));
    expect((await get('closed--p.lab')).status).toBe(200);
  });

  it('fails over to the next door', async () => {
    const [closed] = await freePorts(1);
    const doors = [
      { clusterId: OTHER_CLUSTER, door: { host: '127.0.0.1', port: closed as number } },
      { clusterId: CLUSTER, door: { host: '127.0.0.1', port: lab.ingress.port } },
    ];
    await serve(route('failover--p.lab', [backend(1, 100, { doors })]));
    const answer = await get('failover--p.lab');
    expect(answer.status).toBe(200);
    expect(await recordOf(answer)).toMatchObject({ reached: true, clusterId: CLUSTER });
  });

  it('loses no request when a door moves: what is in flight ends where it began', async () => {
    const there = await startIngress();
    const at = (port: number) => [
      { clusterId: 'cls_00000000000000000007' as const, door: { host: '127.0.0.1', port } },
    ];
    await serve(route('moved--p.lab', [backend(1, 100, { doors: at(lab.ingress.port) })]));
    const socket = await upgrade({ port: lab.ports.listen, host: 'moved--p.lab' });
    const [statuses, before] = [new Set<number>(), lab.ingress.seen.length];
    let isThere = false;
    const asked = (async () => {
      while (!isThere) statuses.add((await get('moved--p.lab')).status);
    })();
    await until(() => lab.ingress.seen.length > before, { what: 'requests by the old address' });
    await serve(route('moved--p.lab', [backend(1, 100, { doors: at(there.port) })]));
    await until(() => there.seen.length > 0, { what: 'requests by the new address' });
    isThere = true;
    await asked;
    expect([...statuses]).toEqual([200]);
    socket.write('still there');
    expect(String((await once(socket, 'data'))[0])).toBe('still there');
    socket.destroy();
    await there.close();
  });

  it('reaches a door by its name', async () => {
    const doors = [
      { clusterId: 'cls_00000000000000000009' as const, door: { host: 'localhost', port: lab.ingress.port } },
    ];
    await serve(route('named--p.lab', [backend(1, 100, { doors })]));
    const answer = await get('named--p.lab');
    expect(await recordOf(answer)).toMatchObject({ status: 200, flags: '-' });
  });

  it('ends a request at the timeout of its revision, whatever kind it is', async () => {
    await serve(route('short--p.lab', [backend(1, 100, { timeoutSeconds: 1 })]));
    const answer = await get('short--p.lab', { path: '/hang' });
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const last = await until(() => recordsOf(answer).find((record) => record.last), {
      what: 'the last record',
    });
    expect(last).toMatchObject({ reached: true, status: 504, flags: expect.any(String) });
    const socket = await upgrade({ port: lab.ports.listen, host: 'short--p.lab' });
    await new Promise((resolve) => socket.on('close', resolve).resume());
    const stream = get('short--p.lab', { path: '/stream' });
    await expect(stream).rejects.toThrow();
  }, 15_000);

  it('passes h2c with gRPC trailers, and bounds a gRPC stream', async () => {
    await serve(route('grpc--p.lab', [backend(4, 100, { protocol: 'h2c', timeoutSeconds: 1 })]));
    const answer = await askH2({
      port: lab.ports.listen,
      host: 'grpc--p.lab',
      headers: { 'content-type': 'application/grpc', te: 'trailers' },
      body: 'x',
    });
    expect(answer.trailers).toMatchObject({ 'grpc-status': '5', 'grpc-message': 'nobody' });
    expect(seenBy(answer)).toMatchObject({ protocol: 'h2c' });
    expect(await recordOf(answer)).toMatchObject({ reached: true, status: 200, revisionId: revisionId(4) });
    const cut = askH2({
      port: lab.ports.listen,
      host: 'grpc--p.lab',
      path: '/hang',
      headers: { te: 'trailers' },
    });
    await expect(cut.then((ended) => ended.trailers)).rejects.toThrow();
  });

  it('makes one record of a request, and a row in the request log', async () => {
    const answer = await get('hello--p.lab', {
      method: 'POST',
      path: '/pay?x=1',
      body: 'four',
      headers: { 'user-agent': 'jest' },
    });
    const record = await recordOf(answer);
    expect(record).toMatchObject({
      part: 0,
      last: true,
      status: 200,
      flags: '-',
      reached: true,
      attempts: 1,
      requestBytes: 4,
      responseBytes: answer.body.length,
      gatewayId: GATEWAY,
      region: 'lab',
      organizationId: ORGANIZATION,
      projectId: PROJECT,
      serviceId: SERVICE,
      revisionId: revisionId(1),
      clusterId: CLUSTER,
    });
    expect(record.endMs).toBeGreaterThan(record.startMs);
    const entry = await until(() => entries.find(({ request }) => request?.id === record.streamId));
    expect(entry).toMatchObject({
      stream: 'request',
      revision: 'hello-00001',
      request: { method: 'POST', path: '/pay?x=1', status: 200, userAgent: 'jest', address: '127.0.0.1' },
    });
  });

  it('knows what no instance saw, and does not show the word for it', async () => {
    const answer = await get('hello--p.lab', { path: '/not-reached' });
    expect(answer.status).toBe(503);
    expect(answer.headers).not.toHaveProperty(REQUEST_HEADERS.notReached);
    expect(await recordOf(answer)).toMatchObject({ reached: false, status: 503 });
  });

  it('cuts a WebSocket into disjoint parts', async () => {
    const before = lab.records.length;
    const socket = await upgrade({ port: lab.ports.listen, host: 'hello--p.lab', path: '/socket' });
    const parts = () => lab.records.slice(before).filter(({ status }) => status === 101);
    socket.write('ping');
    await new Promise((resolve) => socket.once('data', resolve));
    await until(() => parts().length >= 2, { what: 'two reports of the open stream' });
    socket.end();
    await until(() => parts().some(({ last }) => last), { what: 'the last part' });
    const all = parts().sort((a, b) => a.part - b.part);
    expect(all.map(({ part }) => part)).toEqual(all.map((_one, index) => index));
    expect(all.map(({ last }) => last)).toEqual(all.map((_one, index) => index === all.length - 1));
    expect(all.slice(1).map(({ startMs }) => startMs)).toEqual(all.slice(0, -1).map(({ endMs }) => endMs));
    expect(all.reduce((sum, { requestBytes }) => sum + requestBytes, 0)).toBe(4);
    expect(new Set(all.map(({ streamId }) => streamId)).size).toBe(1);
  });

  it('changes a route under constant load without a failed request', async () => {
    await serve(route('busy--p.lab', [backend(1, 100)]));
    const agent = new Agent({ keepAlive: true });
    let running = true;
    const failed: number[] = [];
    let asked = 0;
    const workers = Array.from({ length: 8 }, async () => {
      while (running) {
        const { status } = await get('busy--p.lab', { agent });
        asked += 1;
        if (status !== 200) failed.push(status);
      }
    });
    for (let turn = 0; turn < 10; turn += 1) {
      const clusterId = `cls_1000000000000000000${turn}` as const;
      const doors = [{ clusterId, door: { host: '127.0.0.1', port: lab.ingress.port } }];
      await serve(route('busy--p.lab', [backend((turn % 5) + 1, 100, { doors })]));
      const more = asked + 10;
      await until(() => asked >= more, { what: 'requests by the new route' });
    }
    running = false;
    await Promise.all(workers);
    agent.destroy();
    expect(failed).toEqual([]);
  }, 60_000);

  it('keeps a lower version out and takes a deleted host away', async () => {
    const old = route('versions--p.lab', [backend(1, 100)]);
    await serve(route('versions--p.lab', [backend(2, 100)]));
    await serve(old);
    expect(seenBy(await get('versions--p.lab')).headers.host).toBe('hello-00002.prj.lab');
    await serve(route('versions--p.lab', [], { deleted: true }));
    expect((await get('versions--p.lab')).status).toBe(404);
  });

  it('takes the rest of a push that Envoy refused', async () => {
    // A door at no address: our schema lets it pass, Envoy's does not.
    const doors = [
      { clusterId: 'cls_0000000000000000000x' as const, door: { host: '127.0.0.1', port: 99_999 } },
    ];
    const bad = await lab.show(route('bad--p.lab', [backend(1, 100, { doors })]));
    const good = await lab.show(route('good--p.lab', [backend(1, 100)]));
    await until(async () => (await get('good--p.lab')).status === 200, { what: 'the good host' });
    expect((await get('bad--p.lab')).status).toBe(404);
    await untilAcknowledged(good);
    expect((await status())?.rejected).toEqual([{ host: 'bad--p.lab', sequence: bad }]);
    await serve(route('bad--p.lab', [backend(1, 100)]));
    expect((await get('bad--p.lab')).status).toBe(200);
    expect((await status())?.rejected).toEqual([]);
  }, 30_000);

  it('passes over what is no route', async () => {
    await untilAcknowledged((await lab.nats.bus.js.publish(`$KV.${ROUTES_BUCKET}.broken`, 'no route')).seq);
    expect((await get('hello--p.lab')).status).toBe(200);
  });

  it('reads lines again after a lost checkpoint with the same identities and contents', async () => {
    await recordOf(await get('hello--p.lab'));
    const file = lab.file('gateway', 'usage-checkpoint.json');
    await lab.stopGateway();
    const kept = readFileSync(file, 'utf8');
    await lab.startGateway();
    await recordOf(await get('hello--p.lab'));
    await get('hello--p.lab');
    await lab.stopGateway();
    const after = JSON.parse(readFileSync(file, 'utf8')) as { spools: { offset: number }[] };
    expect(after.spools.at(-1)?.offset).toBeGreaterThan(
      (JSON.parse(kept) as typeof after).spools.at(-1)?.offset ?? 0,
    );
    writeFileSync(file, kept);
    await lab.startGateway();
    const identity = ({ producer, position }: UsageRecord): string => `${producer}@${position}`;
    const twice = await until(
      () =>
        lab.records.filter(
          (one) => lab.records.filter((other) => identity(other) === identity(one)).length > 1,
        ),
      { what: 'a record sent twice' },
    );
    for (const one of twice) {
      for (const other of lab.records.filter((record) => identity(record) === identity(one)))
        expect(other).toEqual(one);
    }
    expect(new Set(lab.records.map((record) => `${record.streamId}/${record.part}`)).size).toBe(
      new Set(lab.records.map(identity)).size,
    );
  }, 30_000);

  it('serves its last routes with the hub dead, also after its own restart and Envoy’s, and loses no record', async () => {
    const before = lab.records.length;
    lab.wire.cut();
    await until(() => !lab.health.report().ok);
    expect((await get('hello--p.lab')).status).toBe(200);
    await lab.stopGateway();
    expect((await get('hello--p.lab')).status).toBe(200);
    await lab.stopEnvoy();
    await lab.startGateway();
    await lab.startEnvoy();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('hello--p.lab')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect((await get('canary---hello--p.lab')).status).toBe(200);
    expect(lab.records.length).toBe(before);
    lab.wire.mend();
    await until(() => answers.every((answer) => recordsOf(answer).length === 1), {
      what: 'their records',
      deadlineMs: 30_000,
    });
    await until(() => lab.health.report().ok, { deadlineMs: 30_000 });
  }, 90_000);

  it('puts a full spool aside and goes on in a new one without a gap', async () => {
    await lab.stopGateway();
    await lab.startGateway({ TOWPATH_SPOOL_BYTES: '8192' });
    const answers: Answer[] = [];
    for (let turn = 0; turn < 60; turn += 1) answers.push(await get('hello--p.lab'));
    await recordOf(answers.at(-1) as Answer);
    for (let turn = 0; turn < 60; turn += 1) answers.push(await get('hello--p.lab'));
    await until(() => answers.every((answer) => recordsOf(answer).length === 1), {
      what: 'all records',
      deadlineMs: 20_000,
    });
    const producers = new Set(answers.flatMap((answer) => recordsOf(answer).map(({ producer }) => producer)));
    expect(producers.size).toBeGreaterThan(1);
  }, 60_000);

  it('goes on when its log file was taken away', async () => {
    await lab.stopGateway();
    await lab.startGateway();
    await recordOf(await get('hello--p.lab'));
    renameSync(log(), `${log()}.stolen`);
    const first = await get('hello--p.lab');
    await recordOf(first);
    const second = await until(
      async () => {
        const answer = await get('hello--p.lab');
        const record = await recordOf(answer);
        return record.producer === recordsOf(first)[0]?.producer ? undefined : record;
      },
      { what: 'a record of a new spool' },
    );
    expect(second.position).toBeGreaterThanOrEqual(0);
  }, 30_000);

  async function countRevisions(host: string, requests: number): Promise<Map<string, number>> {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const shares = new Map<string, number>();
    const workers = Array.from({ length: 16 }, async (_one, index) => {
      for (let turn = index; turn < requests; turn += 16) {
        const revision = String(seenBy(await get(host, { agent })).headers[REQUEST_HEADERS.revision]);
        shares.set(revision, (shares.get(revision) ?? 0) + 1);
      }
    });
    await Promise.all(workers);
    agent.destroy();
    return shares;
  }
});
