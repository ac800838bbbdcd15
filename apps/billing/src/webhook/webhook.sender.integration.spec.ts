import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Notice, WebhookReach } from '#libs/domain';
import type { Resolve } from '#libs/process';
import { sendWebhook } from './webhook.sender.js';

const notice = {
  ...{ id: 'ntc_00000000000000000000', type: 'budget.threshold', createdAt: 0 },
  data: { budgetId: 'bdg_00000000000000000000', month: '2026-11', percent: 50, on: 'actual' },
} as unknown as Notice;

let server: Server;
let sockets: Socket[];
/** What the receiver writes once something came; nothing when it is empty. */
let answer = '';

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(answer));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});
beforeEach(() => (sockets = []));
afterEach(() => sockets.forEach((socket) => socket.destroy()));
afterAll(() => server.close());

const port = (): number => (server.address() as AddressInfo).port;
const send = (
  url: string,
  reach: WebhookReach,
  resolve?: Resolve,
  signal = new AbortController().signal,
): ReturnType<typeof sendWebhook> =>
  sendWebhook({ url, notice, key: new Uint8Array(32) }, reach, 0, signal, resolve);

const resolvesTo =
  (...addresses: string[]): Resolve =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

it.each([
  ['an address of this machine', ['127.0.0.1']],
  ['a public and a private address', ['8.8.8.8', '127.0.0.1']],
  ['the address of a cloud that gives credentials', ['169.254.169.254']],
  ['IPv4 within IPv6', ['::ffff:127.0.0.1']],
])('does not connect to a name of %s', async (_name, addresses) => {
  const result = await send(`https://hooks.example.com:${port()}/`, 'public', resolvesTo(...addresses));
  expect(result).toEqual({ result: 'the address is not of the public Internet' });
  expect(sockets).toEqual([]);
});

it('connects to what the name was resolved to, once', async () => {
  answer = 'HTTP/1.1 204 No Content\r\n\r\n';
  const asked: string[] = [];
  const resolve: Resolve = (name, options, callback) => {
    asked.push(name);
    resolvesTo('127.0.0.1')(name, options, callback);
  };
  const result = await send(`http://hooks.example.com:${port()}/`, 'any', resolve);
  expect(result).toEqual({ status: 204, result: 'answered 204' });
  expect(asked).toEqual(['hooks.example.com']);
});

it.each([
  ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
])('ends at %s', async (_name, head) => {
  answer = head;
  expect(await send(`http://127.0.0.1:${port()}/`, 'any')).toEqual({ result: 'no connection' });
});

it('ends when it is told to, whatever the receiver does', async () => {
  answer = '';
  const ending = new AbortController();
  const came = once(server, 'connection');
  const sent = send(`http://127.0.0.1:${port()}/`, 'any', undefined, ending.signal);
  await came;
  ending.abort();
  expect(await sent).toEqual({ result: 'no answer in time' });
});

it('says that a name is not known', async () => {
  const resolve: Resolve = (name, _options, callback) =>
    callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
  expect(await send('https://hooks.example.com/', 'public', resolve)).toEqual({
    result: 'the name was not found',
  });
});
