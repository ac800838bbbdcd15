import { jest } from '@jest/globals';
import { once } from 'node:events';
import { request as requestHttp1, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { until } from '#libs/testing';
import { LocalRig } from './rig/local.rig.js';
import { COUNTING, ECHO, GRPC, LEAVING, ONCE_EACH } from './rig/programs.js';

// Real processes on a machine that may be busy.
jest.setTimeout(60_000);

describe('the ingress over HTTP/1.1', () => {
  let rig: LocalRig;
  beforeAll(async () => (rig = await LocalRig.started()));
  afterAll(() => rig.close());

  it('answers an unknown host itself', async () => {
    const answer = await rig.get({ host: 'nobody.test' });
    expect(answer.status).toBe(404);
    expect(answer.headers['x-towpath-not-reached']).toBe('1');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'NOT_FOUND', reason: 'UnknownHost' });
  });

  it('takes a host with port and in any case', async () => {
    const { host } = await rig.ready(COUNTING);
    expect((await rig.get({ host: `${host.toUpperCase()}:8443` })).status).toBe(200);
  });

  it('streams both ways at once, with trailers', async () => {
    const { host } = await rig.ready(ECHO);
    const req = requestHttp1({
      port: rig.driver.door().port,
      method: 'POST',
      headers: { host },
      agent: false,
    });
    req.write('one');
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    const [first] = (await once(res, 'data')) as [Buffer];
    expect(first.toString()).toBe('one');
    req.end('two');
    const ended = once(res, 'end');
    const [second] = (await once(res, 'data')) as [Buffer];
    expect(second.toString()).toBe('two');
    res.resume();
    await ended;
    expect(res.trailers).toEqual({ 'x-sum': '6' });
  });

  it('carries a large body unharmed', async () => {
    const { host } = await rig.ready(ECHO);
    const req = requestHttp1({
      port: rig.driver.door().port,
      method: 'POST',
      headers: { host },
      agent: false,
    });
    for (let i = 0; i < 64; i++) req.write(Buffer.alloc(1 << 20, i));
    req.end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    let size = 0;
    res.on('data', (chunk: Buffer) => (size += chunk.length));
    await once(res, 'end');
    expect(size).toBe(64 << 20);
  });

  it('repeats what may be repeated on a new connection when idle ones were stale, and only that', async () => {
    const revision = await rig.ready(ONCE_EACH);
    const both = await Promise.all([rig.get(revision), rig.get(revision)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await rig.get(revision)).status).toBe(200);
    const post = requestHttp1({
      port: rig.driver.door().port,
      method: 'POST',
      headers: { host: revision.host },
      agent: false,
    }).end();
    const [res] = (await once(post, 'response')) as [IncomingMessage];
    res.resume();
    expect(res.statusCode).toBe(502);
  });

  it('sends the head of a stream before its first bytes', async () => {
    const slow = `
      import { createServer } from 'node:http';
      const server = createServer((req, res) => { res.writeHead(200); res.flushHeaders(); if (req.url === '/') return; res.end(); });
      server.listen(process.env.PORT);`;
    const { host } = await rig.ready(slow);
    const req = requestHttp1({ port: rig.driver.door().port, headers: { host }, agent: false }).end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect(res.statusCode).toBe(200);
    req.destroy();
    await until(async () => (await rig.get({ host }, '/done')).status === 200);
  });

  it('answers pipelined requests and requests of one byte at a time', async () => {
    const { host } = await rig.ready(COUNTING);
    const socket = connect(rig.driver.door().port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    const one = `GET /p HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
    for (const byte of `P${one.slice(1)}`.replace('PET', 'PUT')) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write(one + one);
    await until(() => text.split('HTTP/1.1 200').length === 4, { what: 'three answers' });
    socket.destroy();
  });

  it('tells a lost connection from one that was never made', async () => {
    const closing = `
      import { createServer } from 'node:http';
      createServer((req, res) => req.socket.destroy()).listen(process.env.PORT);`;
    const { host } = await rig.ready(closing);
    const answer = await rig.get({ host });
    expect(answer.status).toBe(502);
    expect(answer.headers['x-towpath-not-reached']).toBeUndefined();
  });

  it('carries a change of protocol, which holds a place while it is open', async () => {
    const revision = await rig.ready(ECHO, { concurrency: 1, maxInstances: 1 });
    const socket = connect(rig.driver.door().port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write(
      `GET / HTTP/1.1\r\nhost: ${revision.host}\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\nfirst,`,
    );
    await until(() => text.includes('101 Switching') && text.endsWith('first,'), { what: 'the upgrade' });
    socket.write('second');
    await until(() => text.endsWith('first,second'));
    const waits = rig.get(revision, '/', AbortSignal.timeout(200));
    await expect(waits).rejects.toThrow();
    socket.end();
    await once(socket, 'close');
    expect((await rig.get(revision)).status).toBe(200);
  });

  it('answers an upgrade that nobody takes', async () => {
    const { host } = await rig.ready(LEAVING);
    const socket = connect(rig.driver.door().port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n`);
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nbye$/);
    const unknown = connect(rig.driver.door().port, '127.0.0.1');
    unknown.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n');
    const [answer] = (await once(unknown, 'data')) as [Buffer];
    expect(answer.toString()).toContain('x-towpath-not-reached: 1');
  });
});

describe('the ingress over HTTP/2', () => {
  let rig: LocalRig;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    rig = await LocalRig.started();
    session = connectHttp2(`http://127.0.0.1:${rig.driver.door().port}`);
  });
  afterAll(async () => {
    session.destroy();
    await rig.close();
  });

  const call = (host: string, path: string) => {
    const stream = session.request({ ':method': 'POST', ':path': path, ':authority': host, te: 'trailers' });
    stream.on('error', () => undefined);
    return stream;
  };

  it('carries a bidirectional call with its trailers', async () => {
    const { host } = await rig.ready(GRPC, { protocol: 'h2c' });
    const stream = call(host, '/echo');
    const trailers = once(stream, 'trailers');
    stream.write('ping');
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc' });
    expect(((await once(stream, 'data')) as [Buffer])[0].toString()).toBe('ping');
    stream.end('pong');
    expect(((await once(stream, 'data')) as [Buffer])[0].toString()).toBe('pong');
    expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0', 'grpc-message': 'done' });
  });

  it('keeps an answer that is only trailers one frame', async () => {
    const { host } = await rig.ready(GRPC, { protocol: 'h2c' });
    const stream = call(host, '/error').end();
    const [headers, flags] = (await once(stream, 'response')) as [Record<string, unknown>, number];
    expect(headers['grpc-status']).toBe('5');
    expect(flags & constants.NGHTTP2_FLAG_END_STREAM).not.toBe(0);
  });

  it('hands resets on, both ways', async () => {
    const { host, name } = await rig.ready(GRPC, { protocol: 'h2c' });
    const reset = call(host, '/reset').end();
    await until(() => reset.closed);
    expect(reset.rstCode).toBe(11);
    const half = call(host, '/half').end();
    half.resume();
    await until(() => half.closed);
    expect(half.rstCode).toBe(2);
    const watch = call(host, '/watch');
    await once(watch, 'response');
    watch.close(constants.NGHTTP2_CANCEL);
    await until(() => rig.lines.some((line) => line.revision === name && line.text === 'closed with 8'));
  });

  it('waits for an instance as HTTP/1.1 does, and frees its places', async () => {
    const revision = await rig.ready(GRPC, { protocol: 'h2c', concurrency: 1, maxInstances: 1 });
    const calls = Array.from({ length: 30 }, () => call(revision.host, '/echo').end('x'));
    const statuses = await Promise.all(
      calls.map(async (stream) => (await once(stream.resume(), 'trailers'))[0] as object),
    );
    expect(statuses).toHaveLength(30);
  });

  it('refuses what it cannot carry', async () => {
    const http1 = await rig.ready(COUNTING);
    const wrong = call(http1.host, '/').end();
    expect(((await once(wrong, 'response')) as [object])[0]).toMatchObject({
      ':status': 502,
      'x-towpath-not-reached': '1',
    });
    const unknown = call('nobody.test', '/').end();
    expect(((await once(unknown, 'response')) as [object])[0]).toMatchObject({ ':status': 404 });
  });

  it('says when the instance speaks no HTTP/2', async () => {
    const { host } = await rig.ready(COUNTING, { protocol: 'h2c' });
    const stream = call(host, '/').end();
    expect(((await once(stream, 'response')) as [object])[0]).toMatchObject({ ':status': 502 });
  });
});

describe('the ingress when it stops', () => {
  it('lets requests in flight end and takes no new ones', async () => {
    const rig = await LocalRig.started();
    const revision = await rig.ready(COUNTING);
    const keep = connect(rig.driver.door().port, '127.0.0.1');
    keep.write(`GET / HTTP/1.1\r\nhost: ${revision.host}\r\n\r\n`);
    await once(keep, 'data');
    const running = rig.get(revision, '/?ms=1000');
    await until(async () => (await rig.get(revision)).body.includes('"most":2'));
    const closed = rig.close();
    keep.write(`GET / HTTP/1.1\r\nhost: ${revision.host}\r\n\r\n`);
    const [late] = (await once(keep, 'data')) as [Buffer];
    expect(late.toString()).toContain('"reason":"Stopping"');
    expect((await running).status).toBe(200);
    await closed;
  });
});
