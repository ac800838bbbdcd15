import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Digest } from '#libs/domain';
import { FolderBlobs } from '#libs/store';
import { UnpackedImages } from '../images/image.store.js';
import { imageConfigSchema, manifestSchema } from '../images/oci.js';
import { packImage } from './image.pack.js';

const command = ['node', 'a.js'];

describe('an image', () => {
  let folder: string;
  let blobs: FolderBlobs;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'towpath-image-'));
    blobs = new FolderBlobs(join(folder, 'blobs'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function source(name: string, order: string[]): Promise<string> {
    const root = join(folder, name);
    await mkdir(join(root, 'lib'), { recursive: true });
    for (const file of order) await writeFile(join(root, file), `// ${file}`);
    await symlink('../a.js', join(root, 'lib/link'));
    return root;
  }

  it('has the same digest for the same content, whatever the times, owners and order', async () => {
    const long = `lib/${'x'.repeat(150)}.js`;
    const one = await source('one', ['a.js', 'b.js', long]);
    const two = await source('two', [long, 'b.js', 'a.js']);
    await utimes(join(two, 'a.js'), 1000, 1000);
    await chmod(join(two, 'b.js'), 0o600);
    const first = await packImage(one, command, blobs);
    expect(await packImage(two, command, blobs)).toEqual(first);
    expect((await packImage(two, ['node', 'b.js'], blobs)).image).not.toBe(first.image);
    await chmod(join(two, 'b.js'), 0o755);
    expect((await packImage(two, command, blobs)).image).not.toBe(first.image);
  });

  it('is an OCI image: manifest, config and layer by digest', async () => {
    const { image, layer } = await packImage(await source('one', ['a.js']), command, blobs);
    const manifest = manifestSchema.parse(await json(blobs.read(image)));
    expect(manifest.layers).toMatchObject([{ digest: layer, size: await blobs.size(layer) }]);
    const config = imageConfigSchema.parse(await json(blobs.read(manifest.config.digest)));
    expect(config.config).toMatchObject({ Cmd: command, WorkingDir: '/app' });
    expect(config.rootfs.diff_ids).toHaveLength(1);
  });

  it.each([
    [undefined, '65532'],
    ['', '65532'],
    ['0', '65532'],
    ['0:0', '65532'],
    ['node', '65532'],
    ['1000', '1000'],
    ['1000:0', '1000:0'],
  ])('on a base of user %s runs as %s, by number and never as root', async (given, user) => {
    const below = await packImage(await source('base', ['b.js']), command, blobs);
    const manifest = manifestSchema.parse(await json(blobs.read(below.image)));
    const config = imageConfigSchema.parse(await json(blobs.read(manifest.config.digest)));
    const { User: _none, ...rest } = config.config;
    const base = {
      manifest,
      config: { ...config, config: given === undefined ? rest : { ...rest, User: given } },
    };
    const { image } = await packImage(await source('one', ['a.js']), command, blobs, base);
    const made = manifestSchema.parse(await json(blobs.read(image)));
    expect(imageConfigSchema.parse(await json(blobs.read(made.config.digest))).config.User).toBe(user);
  });

  it('is unpacked once, shared, kept over restarts, and removed when nobody needs it', async () => {
    const { image } = await packImage(await source('one', ['a.js']), command, blobs);
    const images = new UnpackedImages(join(folder, 'images'), blobs);
    const [one, two] = await Promise.all([images.imageFolder(image), images.imageFolder(image)]);
    expect(one).toBe(two);
    expect(one).toMatchObject({ command, env: {} });
    expect(await readFile(join(one.root, 'lib/link'), 'utf8')).toBe('// a.js');
    const { ino } = await stat(one.root);
    const again = await new UnpackedImages(join(folder, 'images'), blobs).imageFolder(image);
    expect((await stat(again.root)).ino).toBe(ino);
    await images.removeUnused(() => new Set([image]));
    expect(await readdir(join(folder, 'images'))).toHaveLength(1);
    const removal = images.removeUnused(() => new Set());
    const after = removal.then(() => images.imageFolder(image));
    expect(await readFile(join((await after).root, 'a.js'), 'utf8')).toBe('// a.js');
  });

  it('is not made up when it is not there', async () => {
    const images = new UnpackedImages(join(folder, 'images'), blobs);
    const nowhere: Digest = `sha256:${'0'.repeat(64)}`;
    await expect(images.imageFolder(nowhere)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const noManifest = (await blobs.write([Buffer.from('{}')], 10)).digest;
    await expect(images.imageFolder(noManifest)).rejects.toThrow();
  });
});
