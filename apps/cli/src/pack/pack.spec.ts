import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { extract } from 'tar';
import { contentDigest, packSource } from './pack.js';
import { sourceFiles } from './source.files.js';

type Files = Record<string, string>;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tow-pack-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(folder: string, files: Files): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const pathsOf = async (files: Files): Promise<string[]> =>
  (await sourceFiles(await write(root, files))).paths;

/** Packs, unpacks elsewhere, and reads everything back. */
async function sent(folder: string): Promise<{ digest: string; files: Files }> {
  const packed = await packSource(folder);
  const out = await mkdtemp(join(tmpdir(), 'tow-unpack-'));
  try {
    await pipeline(createReadStream(packed.file), extract({ cwd: out }));
    const { paths } = await sourceFiles(out);
    const files = await Promise.all(
      paths.map(async (path) => [path, await readFile(join(out, path), 'utf8')] as const),
    );
    return { digest: packed.digest, files: Object.fromEntries(files) };
  } finally {
    await packed.remove();
    await rm(out, { recursive: true, force: true });
  }
}

describe('what is sent', () => {
  it.each<[string, Files, string[]]>([
    ['plain files, sorted by bytes', { b: '', a: '', 'B/x': '', 'a.d/y': '' }, ['B/x', 'a', 'a.d/y', 'b']],
    [
      'never history, packages, secrets of the machine',
      {
        a: '',
        '.git/config': '',
        'node_modules/x/i.js': '',
        '.env': '',
        '.env.local': '',
        'x/.env': '',
        'x/node_modules/y': '',
      },
      ['a'],
    ],
    [
      'not even when taken back',
      { a: '', '.env': '', '.towignore': '!.env\n!node_modules\n', 'node_modules/x': '' },
      ['a'],
    ],
    ['.gitignore', { a: '', 'a.log': '', 'x/b.log': '', '.gitignore': '*.log\n' }, ['a']],
    [
      '.towignore has the last word',
      { a: '', 'dist/a': '', '.gitignore': 'dist\n', '.towignore': '!dist\n' },
      ['a', 'dist/a'],
    ],
    [
      'a deeper file speaks for its folder',
      { 'x/a.log': '', 'y/a.log': '', 'x/.gitignore': '*.log\n' },
      ['y/a.log'],
    ],
    [
      'a deeper file takes back',
      { 'a.log': '', 'x/keep.log': '', '.gitignore': '*.log\n', 'x/.gitignore': '!keep.log\n' },
      ['x/keep.log'],
    ],
    [
      'a folder taken back by a deeper file',
      { 'lib/a': '', 'web/lib/a': '', '.gitignore': 'lib/\n', 'web/.gitignore': '!lib/\n' },
      ['web/lib/a'],
    ],
    ['what lies in a left-out folder stays out', { 'x/a': '', b: '', '.gitignore': 'x/\n!x/a\n' }, ['b']],
    [
      'anchored lines',
      { a: '', 'x/a': '', 'x/y/a': '', '.gitignore': '/a\n', 'x/.gitignore': '/a\n' },
      ['x/y/a'],
    ],
    [
      'a line with a slash inside',
      { 'x/doc/a': '', 'x/y/doc/a': '', 'x/.gitignore': 'doc/a\n' },
      ['x/y/doc/a'],
    ],
    ['a folder rule spares a file of that name', { tmp: '', 'x/tmp/a': '', '.gitignore': 'tmp/\n' }, ['tmp']],
    ['comments, blanks, CRLF', { a: '', b: '', '.gitignore': '# c\r\n\r\nb\r\n' }, ['a']],
    [
      'a folder with pattern characters',
      { '[x]/a': '', '[x]/b': '', 'x/b': '', '[x]/.gitignore': 'b\n' },
      ['[x]/a', 'x/b'],
    ],
    ['letters matter', { A: '', a: '', '.gitignore': 'a\n' }, ['A']],
    ['odd names', { '@a': '', '-b': '', 'c d': '', ü: '' }, ['-b', '@a', 'c d', 'ü']],
  ])('%s', async (_what, files, expected) => expect(await pathsOf(files)).toEqual(expected));

  it('refuses a Dockerfile with one sentence, unless it is named in .towignore', async () => {
    await expect(pathsOf({ Dockerfile: '', a: '' })).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      exit: 1,
    });
    expect(await pathsOf({ '.towignore': 'Dockerfile\n' })).toEqual(['a']);
  });

  it('refuses an empty folder, a missing one and a link that leads out', async () => {
    await expect(sourceFiles(root)).rejects.toThrow('no file');
    await expect(sourceFiles(join(root, 'nope'))).rejects.toMatchObject({ exit: 2 });
    await symlink('../../etc/passwd', join(root, 'out'));
    await expect(sourceFiles(root)).rejects.toThrow('out of the folder');
  });

  it('keeps a link that stays inside', async () => {
    await write(root, { 'x/a': 'text' });
    await symlink('x/a', join(root, 'l'));
    expect((await sent(root)).files).toEqual({ l: 'text', 'x/a': 'text' });
  });
});

describe('the archive', () => {
  it('has the same digest whatever the times, the order of writing and hard links', async () => {
    const files = { a: '1', 'x/b': '2', 'x/c': '2' };
    const one = await sent(await write(join(root, 'one'), files));
    const two = await write(join(root, 'two'), { a: '1', 'x/b': '2' });
    await link(join(two, 'x/b'), join(two, 'x/c'));
    await utimes(join(two, 'a'), 1, 1);
    expect(await sent(two)).toEqual(one);
    expect((await sent(await write(two, { a: '3' }))).digest).not.toBe(one.digest);
  });

  it('is refused while packing when it passes the limit', async () => {
    await write(root, { a: 'x'.repeat(10_000) });
    await expect(packSource(root, 20)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', exit: 5 });
  });

  it('names its digest as RFC 9530 wants it', () => {
    expect(contentDigest(`sha256:${'00'.repeat(31)}ff`)).toBe(
      'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=:',
    );
  });

  it('holds exactly the files of any tree, and none that is never sent', async () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-zA-Z0-9@_ é-]{1,6}$/),
      fc.constantFrom('.env', '.git', 'node_modules', '.envrc', 'a.b'),
    );
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const tree = fc
      .array(fc.tuple(path, fc.string({ maxLength: 20 })), { minLength: 1, maxLength: 8 })
      .map(withoutClashes);
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const folder = await mkdtemp(join(root, 'tree-'));
        await write(folder, { ...files, 'always.txt': '' });
        const never = /(^|\/)(\.git|node_modules|\.env[^/]*)(\/|$)/;
        const wanted = Object.entries(files).filter(([one]) => !never.test(one));
        expect((await sent(folder)).files).toEqual(Object.fromEntries([...wanted, ['always.txt', '']]));
      }),
      { numRuns: 40 },
    );
  });
});

/** Drops paths that would need a file to be a folder. */
function withoutClashes(entries: [string, string][]): Files {
  const files: Files = {};
  for (const [path, text] of entries) {
    const clash = Object.keys(files).some(
      (other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`),
    );
    if (!clash && path !== 'always.txt') files[path] = text;
  }
  return files;
}
