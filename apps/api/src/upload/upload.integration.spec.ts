import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { ApiRig, emptyArchive } from '../api.rig.js';
import { MAX_UPLOAD_BYTES } from './upload.commands.js';

let rig: ApiRig;
let key: string;
let path: string;
let address: string;

beforeAll(async () => {
  rig = await ApiRig.start();
  key = (await rig.tenant()).key;
  path = `/v1/projects/${(await rig.project(key)).id}/uploads`;
  await rig.app.listen(0, '127.0.0.1');
  address = await rig.app.getUrl();
}, 60_000);
afterAll(() => rig.stop());

function send(body: Buffer | Readable, headers: Record<string, string> = {}, by = key): Promise<Response> {
  return fetch(address + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${by}`, 'content-type': 'application/gzip', ...headers },
    body: (body instanceof Readable ? Readable.toWeb(body) : body) as never,
    duplex: 'half',
  } as RequestInit);
}

it('takes an archive, checks its digest and gives it an id; the same bytes are kept once', async () => {
  const archive = emptyArchive();
  const sha256 = createHash('sha256').update(archive);
  const digest = sha256.copy().digest('base64');
  const one = await send(archive, { 'content-digest': `sha-256=:${digest}:` });
  const two = await send(archive);
  expect([one.status, two.status]).toEqual([201, 201]);
  const [first, second] = [
    (await one.json()) as Record<string, unknown>,
    (await two.json()) as Record<string, unknown>,
  ];
  const hex = `sha256:${sha256.digest('hex')}` as const;
  expect(first).toMatchObject({ digest: hex, size: archive.length });
  expect(second['digest']).toBe(hex);
  expect(second['id']).not.toBe(first['id']);
  expect(await rig.parts.blobs.size(hex)).toBe(archive.length);
});

it('refuses more than 100 MiB while it comes, keeps nothing of it, and the client reads why', async () => {
  const rows = await rig.database.query('SELECT id FROM uploads');
  const large = await send(archiveOf(MAX_UPLOAD_BYTES + 1024));
  expect(large.status).toBe(413);
  expect(await large.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(await rig.database.query('SELECT id FROM uploads')).toEqual(rows);
}, 60_000);

it('refuses without rights before the body is read', async () => {
  const viewer = await rig.key(key, 'viewer');
  expect((await send(archiveOf(20_000_000), {}, viewer)).status).toBe(403);
  expect((await send(archiveOf(20_000_000), {}, 'nonsense')).status).toBe(401);
}, 30_000);

it('serves the page to try the API, and the contract without a key', async () => {
  const page = await fetch(`${address}/docs`);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('swagger-ui')]);
  const openapi = (await (await fetch(`${address}/v1/openapi.json`)).json()) as { openapi: string };
  expect(openapi.openapi).toBe('3.1.0');
  expect(await (await fetch(`${address}/graphql/sdl`)).text()).toContain('type Query');
});

/** A good tar.gz of one file of that many bytes, made while it is sent. */
function archiveOf(bytes: number): Readable {
  const header = Buffer.alloc(512);
  header.write('large.bin', 0);
  header.write('0000644\0', 100);
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(
    `${header
      .reduce((total, byte) => total + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const chunk = Buffer.alloc(65_536, 1);
  function* parts(): Generator<Buffer> {
    yield header;
    for (let sent = 0; sent < bytes; sent += chunk.length)
      yield chunk.subarray(0, Math.min(chunk.length, bytes - sent));
    yield Buffer.alloc((512 - (bytes % 512)) % 512);
    yield Buffer.alloc(1024);
  }
  return Readable.from(parts()).pipe(createGzip({ level: 0 }));
}
