import { chmod, lstat, readdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { create } from 'tar';
import type { Digest } from '#libs/domain';

/** Where an image keeps the application; the working folder of its command. */
export const APP_FOLDER = 'app';

/** A layer while it is read. `diffId` is the digest of the bytes before gzip, known at the end. */
export interface Layer {
  stream: Readable;
  diffId: () => Digest;
}

/**
 * Packs a folder as one layer. Equal content gives equal bytes: entries sorted by path, times 0, no owners, modes 755
 * or 644 (they are set in the folder itself).
 */
export async function packLayer(folder: string): Promise<Layer> {
  const paths = await sortedPaths(folder, '');
  const hash = createHash('sha256');
  const tar = create(
    { cwd: folder, prefix: APP_FOLDER, portable: true, mtime: new Date(0), noDirRecurse: true, strict: true },
    paths.length > 0 ? paths : ['.'],
  );
  const plain = new PassThrough();
  const gzip = createGzip({ level: 6 });
  plain.on('data', (chunk: Buffer) => hash.update(chunk));
  const source = Readable.from(tar as AsyncIterable<Buffer>);
  for (const stream of [source, plain]) stream.on('error', (error) => gzip.destroy(error));
  source.pipe(plain).pipe(gzip);
  return { stream: gzip, diffId: () => `sha256:${hash.copy().digest('hex')}` };
}

/** Every path below the folder in the order of its bytes, folders before what they hold; levels the modes. */
async function sortedPaths(folder: string, below: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const found = await lstat(join(folder, path));
    if (found.isDirectory()) {
      await chmod(join(folder, path), 0o755);
      paths.push(path, ...(await sortedPaths(folder, path)));
    } else if (found.isSymbolicLink()) paths.push(path);
    else if (found.isFile()) {
      await chmod(join(folder, path), (found.mode & 0o100) === 0 ? 0o644 : 0o755);
      paths.push(path);
    }
  }
  return paths;
}
