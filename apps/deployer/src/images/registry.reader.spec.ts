import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseImageReference, type ImageReference } from '#libs/domain';
import { RegistryReader } from './registry.reader.js';

const DIGEST = `sha256:${'d'.repeat(64)}` as const;
const MANIFEST = '{"schemaVersion":2}';
const BASIC = `Basic ${Buffer.from('ann:s3cret').toString('base64')}`;

type Handler = (request: IncomingMessage, response: ServerResponse, origin: string) => void;

/** What a registry does with one path. */
const HANDLERS: Record<string, Handler> = {
  '/v2/open/manifests/1': (_request, response) =>
    response.writeHead(200, { 'docker-content-digest': DIGEST }).end(),
  '/v2/silent/manifests/1': (_request, response) => response.writeHead(200).end(MANIFEST),
  '/v2/gone/manifests/1': (_request, response) => response.writeHead(404).end(),
  '/v2/busy/manifests/1': (_request, response) => response.writeHead(429).end(),
  '/v2/long/manifests/1': (_request, response) => response.writeHead(200).end('x'.repeat(5_000_000)),
  '/v2/basic/manifests/1': ({ headers }, response) =>
    headers.authorization === BASIC
      ? response.writeHead(200, { 'docker-content-digest': DIGEST }).end()
      : response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
  '/v2/token/manifests/1': ({ headers }, response, origin) =>
    headers.authorization === 'Bearer good'
      ? response.writeHead(200, { 'docker-content-digest': DIGEST }).end()
      : response
          .writeHead(401, { 'www-authenticate': `Bearer realm="${origin}/token?a=b",service="reg"` })
          .end(),
  '/token': ({ headers, url = '' }, response) => {
    const { searchParams } = new URL(url, 'http://x');
    const right =
      searchParams.get('scope') === 'repository:token:pull' && searchParams.get('service') === 'reg';
    if (right && headers.authorization === BASIC) response.end('{"token":"good"}');
    else response.writeHead(right ? 401 : 400).end();
  },
  '/v2/lying/manifests/1': (_request, response) =>
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token"' }).end(),
  '/v2/moved/manifests/1': (_request, response, origin) =>
    response.writeHead(307, { location: `${origin}/v2/open/manifests/1` }).end(),
  '/v2/inside/manifests/1': (_request, response) =>
    response.writeHead(307, { location: 'http://127.0.0.1:9/v2/open/manifests/1' }).end(),
  '/v2/turned/manifests/1': (_request, response) =>
    response.writeHead(101, { connection: 'upgrade', upgrade: 'other' }).end(),
};

describe('what a registry says of an image', () => {
  let server: Server;
  let origin: string;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      HANDLERS[(request.url ?? '').split('?')[0] ?? '']?.(request, response, origin);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const imageOf = (name: string): ImageReference => {
    const image = parseImageReference(`${origin.slice('http://'.length)}/${name}:1`);
    if (image === undefined) throw new Error(name);
    return image;
  };

  it.each([
    ['open', undefined, { status: 'found', digest: DIGEST }],
    ['silent', undefined, { status: 'found', digest: hashOf(MANIFEST) }],
    ['gone', undefined, { status: 'absent' }],
    ['busy', undefined, { status: 'undecided' }],
    ['basic', undefined, { status: 'refused' }],
    ['basic', 'ann:s3cret', { status: 'found', digest: DIGEST }],
    ['basic', 'ann:wrong', { status: 'refused' }],
    ['token', 'ann:s3cret', { status: 'found', digest: DIGEST }],
    ['token', undefined, { status: 'refused' }],
    ['moved', undefined, { status: 'found', digest: DIGEST }],
  ])('%s with %s: %j', async (name, credentials, answer) => {
    expect(await new RegistryReader([origin]).read(imageOf(name), credentials)).toEqual(answer);
  });

  it.each([['lying'], ['inside'], ['long'], ['turned']])(
    'leads nowhere inside, to no endless answer and to none that never comes: %s',
    async (name) => {
      await expect(new RegistryReader([origin]).read(imageOf(name), undefined)).rejects.toThrow();
    },
  );

  it('is not asked at a private address that the operator did not allow', async () => {
    const before = asked.length;
    await expect(new RegistryReader([]).read(imageOf('open'), undefined)).rejects.toThrow(/public Internet/);
    expect(asked).toHaveLength(before);
  });
});

function hashOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
