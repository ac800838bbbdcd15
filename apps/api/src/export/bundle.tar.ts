import { createHash } from 'node:crypto';
import { Header } from 'tar';

/** One file of a bundle; small enough to be held whole. */
export interface BundleFile {
  path: string;
  content: string;
}

const BLOCK = 512;

/**
 * The files as a tar, one at a time, with `manifest.json` as the last: path, size and SHA-256 of every other. A bundle
 * without it is not whole.
 * @param now UTC ms, written as the time of every file
 */
export async function* tarOf(files: AsyncIterable<BundleFile>, now: number): AsyncGenerator<Buffer> {
  const manifest: object[] = [];
  for await (const { path, content } of files) {
    const body = Buffer.from(content);
    manifest.push({ path, size: body.length, sha256: createHash('sha256').update(body).digest('hex') });
    yield entry(path, body, now);
  }
  yield entry('manifest.json', Buffer.from(`${JSON.stringify({ files: manifest }, undefined, 2)}\n`), now);
  yield Buffer.alloc(2 * BLOCK);
}

function entry(path: string, body: Buffer, now: number): Buffer {
  const header = new Header({ path, size: body.length, mode: 0o644, type: 'File', mtime: new Date(now) });
  const block = Buffer.alloc(BLOCK);
  if (header.encode(block, 0)) throw new Error(`the path ${path} is too long for a tar`);
  return Buffer.concat([block, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}
