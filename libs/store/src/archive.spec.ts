import {
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { TowpathError } from '#libs/domain';
import { SOURCE_LIMITS } from './archive.rules.js';
import { checkArchive, unpackArchive } from './archive.js';

type Type = 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO' | 'SparseFile';
interface Entry {
  path: string;
  type?: Type;
  link?: string;
  text?: string;
  mode?: number;
}

function tarball(entries: Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', link, text = '', mode = 0o644 }) => {
    const block = Buffer.alloc(512);
    const size = type === 'File' || type === 'SparseFile' ? Buffer.byteLength(text) : 0;
    const header = new Header({ path, type, size, mode, ...(link === undefined ? {} : { linkpath: link }) });
    header.encode(block, 0);
    const body = Buffer.alloc(Math.ceil(size / 512) * 512);
    body.write(text);
    return [block, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const packed = (entries: Entry[]): Readable => Readable.from([gzipSync(tarball(entries))]);

async function reasons(work: Promise<unknown>): Promise<string[]> {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof TowpathError)) throw new Error('was not refused', { cause: error });
  return (error.violations ?? []).map((v) => v.message);
}

/** Node's own recursive readdir follows links, even in circles. */
async function symlinksIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) found.push(path);
    if (entry.isDirectory()) found.push(...(await symlinksIn(path)));
  }
  return found;
}

describe('a source archive', () => {
  let folder: string;
  let outside: string;
  beforeEach(async () => {
    outside = await realpath(await mkdtemp(join(tmpdir(), 'towpath-archive-')));
    folder = join(outside, 'in');
    await mkdir(folder);
  });
  afterEach(() => rm(outside, { recursive: true }));

  it('is unpacked with modes, folders and links', async () => {
    const source = [
      { path: './package.json', text: '{}' },
      { path: 'bin/run', text: '#!/bin/sh', mode: 0o4777 },
      { path: 'lib/', type: 'Directory' as const },
      { path: 'lib/run', type: 'SymbolicLink' as const, link: '../bin/run' },
      { path: 'copy', type: 'Link' as const, link: 'bin/run' },
    ];
    const report = await unpackArchive(packed(source), folder);
    expect(report).toEqual({
      entries: 5,
      unpackedBytes: 20,
      rootNames: ['bin', 'copy', 'lib', 'package.json'],
    });
    expect(await readFile(join(folder, 'lib/run'), 'utf8')).toBe('#!/bin/sh');
    expect(await readFile(join(folder, 'copy'), 'utf8')).toBe('#!/bin/sh');
    expect((await lstat(join(folder, 'bin/run'))).mode & 0o7777).toBe(0o755);
    expect(await checkArchive(packed(source))).toEqual(report);
  });

  it.each<[string, Entry[], RegExp]>([
    ['climbs', [{ path: '../evil' }], /`..`/],
    ['climbs inside', [{ path: 'a/../../evil' }], /`..`/],
    ['is absolute', [{ path: '/etc/evil' }], /absolute/],
    ['links out', [{ path: 'l', type: 'SymbolicLink', link: '../x' }], /out of the archive/],
    ['links to an absolute path', [{ path: 'l', type: 'SymbolicLink', link: '/etc' }], /absolute/],
    ['links out behind a name', [{ path: 'x/y/e', type: 'SymbolicLink', link: 'd/../..' }], /behind a name/],
    [
      'writes through a link',
      [
        { path: 'd', type: 'SymbolicLink', link: '.' },
        { path: 'd/f', text: 'x' },
      ],
      /lies behind `d`/,
    ],
    [
      'turns a folder into a link',
      [
        { path: 'd/f', text: 'x' },
        { path: 'd', type: 'SymbolicLink', link: '.' },
      ],
      /twice/,
    ],
    [
      'links hard to what it does not hold',
      [{ path: 'l', type: 'Link', link: 'etc/passwd' }],
      /no earlier file/,
    ],
    ['links hard out', [{ path: 'l', type: 'Link', link: '../passwd' }], /`..`/],
    ['holds a device', [{ path: 'dev', type: 'CharacterDevice' }], /CharacterDevice/],
    ['holds a pipe', [{ path: 'pipe', type: 'FIFO' }], /FIFO/],
    ['holds a kind the parser skips', [{ path: 's', type: 'SparseFile', text: 'x' }], /SparseFile/],
    ['names a file twice', [{ path: 'a' }, { path: './a' }], /twice/],
    ['links its root', [{ path: '.', type: 'SymbolicLink', link: 'ok' }], /empty/],
    ['is too deep', [{ path: 'a/'.repeat(101) + 'b' }], /deeper/],
  ])('is refused when it %s', async (_name, entries, why) => {
    const good = { path: 'ok', text: 'ok' };
    expect(await reasons(checkArchive(packed([good, ...entries])))).toEqual([expect.stringMatching(why)]);
    expect(await reasons(unpackArchive(packed([good, ...entries]), folder))).toEqual([
      expect.stringMatching(why),
    ]);
    expect(await readdir(outside)).toEqual(['in']);
  });

  it('names all reasons, and at most 20', async () => {
    expect(await reasons(checkArchive(packed([{ path: '/a' }, { path: 'b/..' }])))).toHaveLength(2);
    const many = Array.from({ length: 50 }, (_, i) => ({ path: `/${i}` }));
    expect(await reasons(checkArchive(packed(many)))).toHaveLength(20);
  });

  it('has bounds', async () => {
    const three = ['a', 'b', 'c'].map((path) => ({ path, text: 'x'.repeat(1000) }));
    const small = (limits: Partial<typeof SOURCE_LIMITS>): Promise<string[]> =>
      reasons(checkArchive(packed(three), { ...SOURCE_LIMITS, ...limits }));
    expect(await small({ entries: 2 })).toEqual([expect.stringMatching(/more than 2 entries/)]);
    expect(await small({ unpackedBytes: 2500 })).toEqual([expect.stringMatching(/more than 2500 bytes/)]);
    expect(await small({ ratioFromBytes: 1000, ratio: 5 })).toEqual([
      expect.stringMatching(/5 times its size/),
    ]);
  });

  it('stops a real bomb early', async () => {
    const zeros = [{ path: 'zeros', text: '\0'.repeat(64 * 1024 ** 2) }];
    expect(await reasons(checkArchive(packed(zeros)))).toEqual([expect.stringMatching(/100 times/)]);
  });

  it.each<[string, Buffer]>([
    ['is empty', Buffer.alloc(0)],
    ['is no gzip', Buffer.from('hello, this is text and not an archive')],
    ['is no tar', gzipSync(Buffer.from('hello'.repeat(1000)))],
    ['is a tar without gzip', tarball([{ path: 'a', text: 'x' }])],
    ['is cut', gzipSync(tarball([{ path: 'a', text: 'x'.repeat(5000) }])).subarray(0, 60)],
    ['is cut inside', gzipSync(tarball([{ path: 'a', text: 'x'.repeat(5000) }]).subarray(0, 1024))],
    ['is gzip in gzip', gzipSync(gzipSync(tarball([{ path: 'a' }])))],
  ])('is refused when it %s', async (_name, bytes) => {
    expect(await reasons(checkArchive(Readable.from([bytes])))).toHaveLength(1);
  });

  it('reports a failing disk as it is', async () => {
    await writeFile(join(folder, 'a'), 'in the way');
    await expect(
      unpackArchive(packed([{ path: 'a', text: 'x' }, { path: 'b' }]), folder),
    ).rejects.toMatchObject({
      code: 'EEXIST',
    });
  });

  it('reports a disk that refuses a link as it is', async () => {
    await writeFile(join(folder, 'l'), 'in the way');
    const link = { path: 'l', type: 'SymbolicLink' as const, link: 'a' };
    await expect(unpackArchive(packed([{ path: 'a' }, link]), folder)).rejects.toMatchObject({
      code: 'EEXIST',
    });
  });

  it('is judged alike in whatever packets it comes', async () => {
    const inPackets = (bytes: Buffer): Readable =>
      Readable.from(Array.from(bytes, (byte) => Buffer.from([byte])));
    const tar = tarball([{ path: 'a', text: 'x'.repeat(3_000) }]);
    expect(await reasons(checkArchive(inPackets(gzipSync(gzipSync(tar)))))).toEqual([
      'is not a whole tar.gz',
    ]);
    const withoutEnd = gzipSync(tar.subarray(0, -1024));
    expect(await checkArchive(inPackets(withoutEnd))).toEqual(
      await checkArchive(Readable.from([withoutEnd])),
    );
  });

  it('reports a failing source as it is', async () => {
    const source = new Readable({ read: () => undefined });
    setImmediate(() => source.destroy(new Error('planted')));
    await expect(checkArchive(source)).rejects.toThrow('planted');
  });

  it('never leaves its folder, whatever it holds', async () => {
    const name = fc.constantFrom('a', 'b', '..', '.', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const type = fc.constantFrom<Type>('File', 'Directory', 'SymbolicLink', 'Link');
    const entry = fc.record({ path, type, link: path, text: fc.constant('x') });
    let entriesTaken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (entries) => {
        const into = await mkdtemp(join(folder, 'x'));
        const made = entries.map(({ link, ...rest }) => (/Link/.test(rest.type) ? { ...rest, link } : rest));
        await unpackArchive(packed(made), into).catch(() => undefined);
        entriesTaken += (await readdir(into)).length;
        expect(await readdir(outside)).toEqual(['in']);
        for (const at of await symlinksIn(into)) {
          const end = await realpath(at).catch(async () =>
            resolve(await realpath(dirname(at)), await readlink(at)),
          );
          expect(`${end}/`.startsWith(`${into}/`)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
    expect(entriesTaken).toBeGreaterThan(10);
  });
});
