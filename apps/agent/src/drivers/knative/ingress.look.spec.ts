import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { Stopped, createLogger } from '#libs/process';
import { FakeHttp, SteppedClock, kubeconfigOf, until, type FakeReply, type SeenRequest } from '#libs/testing';
import { knockAt, unanswered } from './ingress.knock.js';
import { IngressLook } from './ingress.look.js';
import type { Knock } from './ingress.ways.js';

const logger = createLogger('ingress', 'silent');
const never = new AbortController().signal;
/** Nothing here is silent but on purpose. */
const SLOW_MS = 30_000;
const knock = (port: number, answerMs = SLOW_MS): Promise<Knock> =>
  knockAt({ host: '127.0.0.1', port, what: 'test' }, never, answerMs);

async function listening(server: Server): Promise<number> {
  server.unref().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a knock at the ingress', () => {
  it.each<[number, Knock]>([
    [404, 'answered'],
    [200, 'answered'],
    [503, 'closed'],
    [502, 'closed'],
  ])('that is told %s', async (status, expected) => {
    const http = await FakeHttp.start(() => ({ status }));
    expect(await knock(http.port)).toBe(expected);
    expect(http.seen[0]?.headers.host).toBe('door.invalid');
    await http.close();
  });

  it('that is refused', async () => {
    const server = createServer();
    const port = await listening(server);
    await once(server.close(), 'close');
    expect(await knock(port)).toBe('closed');
  });

  it('that is met with silence: it was tried with TLS too', async () => {
    const first: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', (data: Buffer) => first.push(data));
    });
    const port = await listening(server);
    const told = knock(port, 5_000);
    await until(() => first.length === 2);
    expect(await told).toBe('closed');
    expect(first.map((data) => (data[0] === 0x16 ? 'TLS' : data.subarray(0, 3).toString())).sort()).toEqual([
      'GET',
      'TLS',
    ]);
    server.close();
  });

  it.each<[string, Knock]>([
    ['ECONNREFUSED', 'closed'],
    ['ECONNRESET', 'closed'],
    ['EHOSTUNREACH', 'away'],
    ['ENETUNREACH', 'away'],
    ['ENOTFOUND', 'away'],
  ])('that ends with %s', (code, expected) => {
    expect(unanswered(Object.assign(new Error(code), { code }))).toBe(expected);
  });
});

describe('the look for ways around the door', () => {
  let api: FakeHttp;
  let kourier: FakeHttp;
  let look: IngressLook;
  let refused: string | undefined;
  let lists: number;
  let close: () => Promise<void>;

  /** One pod of Kourier, on this machine, at the port of a server of the test. */
  const items = (at: string): KubeObject[] => {
    if (!at.endsWith('/pods')) return [];
    const ports = [{ containerPort: kourier.port }];
    const status = { phase: 'Running', podIP: '127.0.0.1', hostIP: '10.0.0.1' };
    return [
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'k' }, spec: { containers: [{ ports }] }, status },
    ];
  };
  const answer = ({ path: at }: SeenRequest): FakeReply => {
    lists += 1;
    if (refused !== undefined && at.endsWith(refused))
      return { status: 403, body: { kind: 'Status', code: 403 } };
    return { body: { items: items(at), metadata: { resourceVersion: '1' } } };
  };
  const start = async (ownAddresses = (): string[] => []): Promise<void> => {
    const { file, remove } = kubeconfigOf(api.url);
    const connection = await KubeConnection.open(file);
    const client = new KubeClient(connection);
    look = new IngressLook(
      { client, clock: new SteppedClock(), logger, ownAddresses },
      { rest: 10, again: 10, answer: SLOW_MS },
    );
    close = async () => {
      await look.stop();
      await connection.close();
      remove();
    };
    await look.start();
  };
  beforeEach(async () => {
    [refused, lists] = [undefined, 0];
    api = await FakeHttp.start(answer);
    kourier = await FakeHttp.start(() => ({ status: 404 }));
  });
  afterEach(async () => {
    await close();
    await Promise.all([api.close(), kourier.close()]);
  });

  it('finds one that opens, and one that closes', async () => {
    await start();
    expect(look.condition()).toMatchObject({ status: 'false', reason: 'Reached' });
    await kourier.close();
    await until(() => look.condition()?.status === 'true');
    kourier = await FakeHttp.start(() => ({ status: 404 }));
    await until(() => look.condition()?.status === 'false');
  });

  it('says what it may not list', async () => {
    await kourier.close();
    refused = '/services';
    await start();
    expect(look.condition()?.reason).toBe('NotReadable');
  });

  it('says nothing new when it cannot look', async () => {
    await start();
    refused = '/pods';
    const before = lists;
    await until(() => lists > before + 3);
    expect(look.condition()?.reason).toBe('Reached');
  });

  it('starts no longer once it is stopped', async () => {
    refused = '/pods';
    const ended = expect(start()).rejects.toBeInstanceOf(Stopped);
    await until(() => lists > 2);
    await look.stop();
    await ended;
  });

  it('does not try what whoever is on its node always reaches', async () => {
    await start(() => ['10.0.0.1']);
    expect(look.condition()?.reason).toBe('OnItsNode');
    expect(kourier.seen).toEqual([]);
  });
});
