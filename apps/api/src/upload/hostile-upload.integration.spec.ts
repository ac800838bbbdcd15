import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { checkArchive } from '#libs/store';
import { sendRaw, until } from '#libs/testing';
import fc from 'fast-check';
import { ApiRig, emptyArchive } from '../api.rig.js';

/**
 * Uploads by raw sockets: cut, of wrong lengths, in odd chunks and packets, with digests of something else. An upload is noted
 * when the request was whole, its digest right and the archive good; otherwise nothing of it is left.
 */
const RUNS = 150 * Number(process.env['TOWPATH_RUNS'] ?? 1);
const SEED = Number(process.env['TOWPATH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let rig: ApiRig;
let key: string;
let path: string;
let port: number;
let accepted = 0;

beforeAll(async () => {
  rig = await ApiRig.start();
  key = (await rig.tenant()).key;
  path = `/v1/projects/${(await rig.project(key)).id}/uploads`;
  await rig.app.listen(0, '127.0.0.1');
  port = Number(new URL(await rig.app.getUrl()).port);
}, 60_000);
afterEach(async () => {
  // Whatever was refused or cut has left no row, and no half of a file.
  await until(() => !readdirSync(rig.parts.blobs['folder']).some((name) => name.startsWith('incoming-')), {
    what: 'an end of every write',
  });
  const rows = await rig.database.query('SELECT id FROM uploads');
  expect(rows).toHaveLength(accepted);
});
afterAll(() => rig.stop());

const good = emptyArchive();
const latin1 = (bytes: Buffer): string => bytes.toString('latin1');
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64');

function head(lines: readonly string[]): string {
  const all = [`POST ${path} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${key}`, ...lines];
  return `${all.join('\r\n')}\r\n\r\n`;
}

const GZIP = 'Content-Type: application/gzip';
const LENGTH = `Content-Length: ${good.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';
const chunk = (bytes: Buffer): string => `${bytes.length.toString(16)}\r\n${latin1(bytes)}\r\n`;
const END = '0\r\n\r\n';

/** The status of the last answer; undefined when there was none. What is not whole gets little time to be answered. */
async function statusOf(parts: readonly string[], quietMs = 2_000): Promise<number | undefined> {
  const { statuses } = await sendRaw(port, parts, {
    quietMs,
    enough: ({ statuses: all }) => all.some((status) => status >= 200),
  });
  const final = statuses.find((status) => status >= 200);
  if (final === 201) accepted += 1;
  return final;
}

it.each<[string, () => string[]]>([
  ['of a right length', () => [head([GZIP, LENGTH]) + latin1(good)]],
  ['byte by byte', () => [head([GZIP, LENGTH]), ...latin1(good)]],
  ['in one chunk', () => [head([GZIP, CHUNKED]) + chunk(good) + END]],
  [
    'in chunks of a byte',
    () => [head([GZIP, CHUNKED]), ...Array.from(good, (byte) => chunk(Buffer.of(byte))), END],
  ],
  ['with a word before its body', () => [head([GZIP, LENGTH, 'Expect: 100-continue']), latin1(good)]],
  [
    'with its digest',
    () => [head([GZIP, LENGTH, `Content-Digest: sha-256=:${digestOf(good)}:`]) + latin1(good)],
  ],
  [
    'with digests of several kinds',
    () => [
      head([GZIP, LENGTH, `Content-Digest: sha-512=:AA==:, sha-256=:${digestOf(good)}:`]) + latin1(good),
    ],
  ],
])('is taken %s', async (_name, make) => {
  expect(await statusOf(make())).toBe(201);
});

const REFUSED: [string, () => string[]][] = [
  ['empty', () => [head([GZIP, 'Content-Length: 0'])]],
  ['without a body', () => [head([GZIP])]],
  ['cut by its length', () => [head([GZIP, `Content-Length: ${good.length - 5}`]) + latin1(good)]],
  ['cut by its last chunk', () => [head([GZIP, CHUNKED]) + chunk(good.subarray(0, -5)) + END]],
  ['a length and a coding', () => [head([GZIP, LENGTH, CHUNKED]) + chunk(good) + END]],
  ['two lengths', () => [head([GZIP, LENGTH, 'Content-Length: 1']) + latin1(good)]],
  ['a negative length', () => [head([GZIP, 'Content-Length: -1']) + latin1(good)]],
  ['a length above every number', () => [head([GZIP, `Content-Length: ${'9'.repeat(40)}`]) + latin1(good)]],
  ['a chunk size that is none', () => [head([GZIP, CHUNKED]) + `zz\r\n${latin1(good)}`]],
  ['a negative chunk size', () => [head([GZIP, CHUNKED]) + `-5\r\n${latin1(good)}`]],
  ['a chunk size over 64 bits', () => [head([GZIP, CHUNKED]) + `1${'0'.repeat(16)}\r\n${latin1(good)}`]],
  ['a chunk longer than its size', () => [head([GZIP, CHUNKED]) + `5\r\n${latin1(good)}\r\n${END}`]],
  ['no type', () => [head([LENGTH]) + latin1(good)]],
  ...['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/zip', 'x'].map(
    (type): [string, () => string[]] => [
      `type ${type}`,
      () => [head([`Content-Type: ${type}`, LENGTH]) + latin1(good)],
    ],
  ),
  ...[
    `sha-256=:${digestOf(Buffer.from('other'))}:`,
    `sha-256=:${digestOf(good).toLowerCase()}:`,
    `sha-256=${digestOf(good)}`,
    `sha-256=:${digestOf(good).slice(0, -1)}:`,
    `sha-256=::`,
    `sha-512=:${digestOf(good)}:`,
    `SHA-256=:${digestOf(good)}`,
    `md5=:AAAA:`,
    `sha-256=:${'A'.repeat(10_000)}:`,
    '__proto__',
    ' ',
  ].map((digest): [string, () => string[]] => [
    `digest ${digest.slice(0, 20)}`,
    () => [head([GZIP, LENGTH, `Content-Digest: ${digest}`]) + latin1(good)],
  ]),
  ['noise', () => [head([GZIP, 'Content-Length: 2000']) + latin1(Buffer.alloc(2_000, 7))]],
  ['a tar that is not packed', () => [head([GZIP, 'Content-Length: 2048']) + latin1(Buffer.alloc(2_048))]],
];

it.each(REFUSED)('is refused: %s', async (_name, make) => {
  const status = await statusOf(make());
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
});

it('cut anywhere is nothing', async () => {
  const whole = [head([GZIP, LENGTH]) + latin1(good), head([GZIP, CHUNKED]) + chunk(good) + END];
  const cuts = whole.flatMap((text) => Array.from({ length: 20 }, (_, at) => text.slice(0, -1 - at * 7)));
  const statuses = await Promise.all(cuts.map((text) => statusOf([text], 60)));
  expect(statuses.filter((status) => status !== undefined && (status < 400 || status >= 500))).toEqual([]);
});

// Fewer than an organization's own line at the database takes.
it('80 that stand still hold up nobody, and leave nothing', async () => {
  const slow = Array.from({ length: 80 }, () =>
    statusOf([head([GZIP, LENGTH]) + latin1(good).slice(0, 20)], 400),
  );
  expect(await statusOf([head([GZIP, LENGTH]) + latin1(good)], 10_000)).toBe(201);
  expect((await Promise.all(slow)).filter((status) => status !== undefined)).toEqual([]);
}, 30_000);

interface Mutated {
  /** What the body says when the request is read to its end. */
  body: Buffer;
  /** Whether the framing ends where the body ends. */
  whole: boolean;
  parts: string[];
  digest: 'none' | 'right' | 'wrong';
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, arbitrary);

const mutated: fc.Arbitrary<Mutated> = fc
  .record({
    content: fc.string({ maxLength: 200 }),
    flip: rarely(fc.nat()),
    cut: rarely(fc.nat(200)),
    more: rarely(fc.uint8Array({ maxLength: 50 })),
    chunks: fc.option(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 5 })),
    off: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -20, max: 20 })),
    packet: fc.constantFrom(1, 13, 1_000_000),
    digest: fc.constantFrom('none' as const, 'none' as const, 'right' as const, 'wrong' as const),
  })
  .map(({ content, flip, cut, more, chunks, off, packet, digest }) => {
    const base = emptyArchive('a.txt', content.replaceAll(/[^\x20-\x7e]/g, '?'));
    if (flip !== null) base[flip % base.length] = (base[flip % base.length] ?? 0) ^ 0x55;
    const sent = Buffer.concat([base.subarray(0, base.length - (cut ?? 0)), Buffer.from(more ?? [])]);
    const body = off < 0 && chunks === null ? sent.subarray(0, Math.max(0, sent.length + off)) : sent;
    const named = { none: [], right: [digestOf(body)], wrong: [digestOf(Buffer.from('another'))] }[digest];
    const lines = [GZIP, ...named.map((value) => `Content-Digest: sha-256=:${value}:`)];
    const framed =
      chunks === null
        ? head([...lines, `Content-Length: ${Math.max(0, sent.length + off)}`]) + latin1(sent)
        : head([...lines, CHUNKED]) + inChunks(sent, chunks) + (off > 0 ? '' : END);
    const parts = Array.from({ length: Math.ceil(framed.length / packet) }, (_, at) =>
      framed.slice(at * packet, (at + 1) * packet),
    );
    return { body, whole: off <= 0, parts, digest };
  });

function inChunks(bytes: Buffer, sizes: readonly number[]): string {
  let [text, at] = ['', 0];
  for (const size of [...sizes, bytes.length]) {
    const one = bytes.subarray(at, at + size);
    if (one.length > 0) text += chunk(one);
    at += size;
  }
  return text;
}

it('any other is taken when it is whole and good, and only then', async () => {
  const counts = { tried: 0, taken: 0 };
  await fc.assert(
    fc.asyncProperty(mutated, async ({ body, whole, parts, digest }) => {
      const isGood = await checkArchive(Readable.from([body])).then(
        () => true,
        () => false,
      );
      const status = await statusOf(parts, whole ? 2_000 : 60);
      counts.tried += 1;
      if (status === 201) counts.taken += 1;
      expect(status === 201).toBe(whole && isGood && digest !== 'wrong');
      if (status !== undefined && status !== 201) expect(Math.floor(status / 100)).toBe(4);
      if (whole) expect(status).toBeDefined();
    }),
    { numRuns: RUNS, seed: SEED },
  );
  console.log(`seed ${SEED}: ${counts.tried} uploads, ${counts.taken} taken`);
  expect(counts.taken).toBeGreaterThan(RUNS / 20);
}, 120_000);
