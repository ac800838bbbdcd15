import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Digest } from '#libs/domain';
import { unpackArchive, type ArchiveLimits, type FolderBlobs } from '#libs/store';
import type { ImageFolder, ImageStore } from '../drivers/driver.js';
import { readIfThere, writeDurably } from '../files/durable.file.js';
import { imageConfigSchema, manifestSchema, type ImageConfig, type Manifest } from './oci.js';
import { z } from 'zod';

/** What a layer of ours may hold: a built application with its dependencies. */
export const LAYER_LIMITS: ArchiveLimits = {
  entries: 1_000_000,
  unpackedBytes: 8 * 1024 ** 3,
  ratio: 1000,
  ratioFromBytes: 64 * 1024 ** 2,
};

const UNPACKING = 'unpacking-';
const folderSchema = z.object({
  workingDir: z.string(),
  command: z.array(z.string()),
  env: z.record(z.string(), z.string()),
});

/** Images of the blob port, unpacked once each below `images/<hex>` of the data folder. */
export class UnpackedImages implements ImageStore {
  private readonly unpacking = new Map<Digest, Promise<ImageFolder>>();
  private readonly removing = new Map<string, Promise<void>>();

  constructor(
    private readonly folder: string,
    private readonly blobs: FolderBlobs,
  ) {}

  /** The image's folder; several askers share one unpacking. Rejects when the image is not in the blob port. */
  imageFolder(digest: Digest): Promise<ImageFolder> {
    const running = this.unpacking.get(digest);
    if (running) return running;
    const removed = this.removing.get(hexOf(digest)) ?? Promise.resolve();
    const work = removed.then(() => this.open(digest)).finally(() => this.unpacking.delete(digest));
    this.unpacking.set(digest, work);
    return work;
  }

  /**
   * Removes every unpacked image that is not in use, and what interrupted unpackings left. `inUse` is asked right
   * before each removal; whoever asks for the image from then on waits and gets a new one.
   */
  async removeUnused(inUse: () => ReadonlySet<Digest>): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names) {
      const kept = [...inUse(), ...this.unpacking.keys()].some((digest) => hexOf(digest) === name);
      const busy = name.startsWith(UNPACKING) && this.unpacking.size > 0;
      if (kept || busy) continue;
      const removal = rm(join(this.folder, name), { recursive: true, force: true });
      this.removing.set(name, removal);
      await removal.finally(() => this.removing.delete(name));
    }
  }

  private async open(digest: Digest): Promise<ImageFolder> {
    const home = join(this.folder, hexOf(digest));
    const known = await readIfThere(join(home, 'image.json'));
    const found =
      known === undefined ? await this.unpack(digest, home) : folderSchema.parse(JSON.parse(known));
    return { root: join(home, 'root', found.workingDir), command: found.command, env: found.env };
  }

  private async unpack(digest: Digest, home: string): Promise<z.infer<typeof folderSchema>> {
    const manifest: Manifest = manifestSchema.parse(await json(this.blobs.read(digest)));
    const config: ImageConfig = imageConfigSchema.parse(await json(this.blobs.read(manifest.config.digest)));
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const temporary = await mkdtemp(join(this.folder, UNPACKING));
    try {
      const found = folderOf(config);
      const root = join(temporary, 'root');
      await mkdir(join(root, found.workingDir), { recursive: true });
      for (const layer of manifest.layers)
        await unpackArchive(this.blobs.read(layer.digest), root, LAYER_LIMITS);
      await writeDurably(join(temporary, 'image.json'), JSON.stringify(found));
      await rm(home, { recursive: true, force: true });
      await rename(temporary, home);
      return found;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  }
}

function folderOf({ config }: ImageConfig): z.infer<typeof folderSchema> {
  const env = config.Env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return {
    // Absolute and normal: it cannot climb out of the image's root.
    workingDir: posix.resolve('/', config.WorkingDir),
    command: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    env: Object.fromEntries(env),
  };
}

function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
