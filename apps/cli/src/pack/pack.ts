import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Pack } from 'tar';
import { CliError } from '../exit.js';
import { sourceFiles } from './source.files.js';

/** Bytes of the largest tar.gz the API takes. */
export const MAX_UPLOAD_BYTES = 100 * 1024 ** 2;

/** A packed source folder on disk; `remove` deletes it. */
export interface PackedSource {
  file: string;
  /** `sha256:` and 64 hex digits. */
  digest: string;
  size: number;
  files: number;
  skipped: string[];
  remove(): Promise<void>;
}

/**
 * Packs a folder as tar.gz. The same files with the same content and mode give the same bytes: sorted, no times, no
 * owners.
 * @throws CliError PAYLOAD_TOO_LARGE as soon as the archive passes the limit
 */
export async function packSource(folder: string, maxBytes = MAX_UPLOAD_BYTES): Promise<PackedSource> {
  const root = await realpath(folder).catch(() => folder);
  const { paths, skipped } = await sourceFiles(root);
  const place = await mkdtemp(join(tmpdir(), 'tow-source-'));
  const remove = (): Promise<void> => rm(place, { recursive: true, force: true });
  try {
    const file = join(place, 'source.tar.gz');
    const { hash, size } = await write(archive(root, paths), file, maxBytes);
    return { file, digest: `sha256:${hash.digest('hex')}`, size, files: paths.length, skipped, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** `Content-Digest` of RFC 9530. */
export function contentDigest(digest: string): string {
  return `sha-256=:${Buffer.from(digest.slice('sha256:'.length), 'hex').toString('base64')}:`;
}

function archive(root: string, paths: readonly string[]): Pack {
  const pack = new Pack({
    cwd: root,
    gzip: { level: 6 },
    portable: true,
    mtime: new Date(0),
    noDirRecurse: true,
    linkCache: new NoHardLinks(),
    preservePaths: false,
  });
  for (const path of paths) pack.add(path);
  pack.end();
  return pack;
}

async function write(pack: Pack, file: string, maxBytes: number): Promise<{ hash: Hash; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of pack as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(measured, createWriteStream(file, { mode: 0o600 }));
  return { hash, size };
}

function tooLarge(maxBytes: number): CliError {
  return new CliError('PAYLOAD_TOO_LARGE', `The packed folder is larger than ${maxBytes / 1024 ** 2} MiB.`, {
    nextStep: 'Leave out what the build does not need: name it in .towignore.',
  });
}

/** Knows no file, so that a file with two names is packed twice instead of as a link to the first. */
class NoHardLinks extends Map<`${number}:${number}`, string> {
  override get(): undefined {
    return undefined;
  }
}
