import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Digest } from '#libs/domain';
import { FolderBlobs } from './blob.store.js';

const bytes = Buffer.from('a folder of code');
const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('FolderBlobs', () => {
  let folder: string;
  let blobs: FolderBlobs;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'towpath-blobs-'));
    blobs = new FolderBlobs(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps content under its digest, once', async () => {
    expect(await blobs.write([bytes], 100)).toEqual({ digest, size: bytes.length });
    expect(await blobs.write([bytes.subarray(0, 3), bytes.subarray(3)], 100, digest)).toEqual({
      digest,
      size: bytes.length,
    });
    expect(await buffer(blobs.read(digest))).toEqual(bytes);
    expect(await blobs.has(digest)).toBe(true);
    expect(await readdir(folder)).toEqual(['sha256']);
    await blobs.delete(digest);
    await blobs.delete(digest);
    expect(await blobs.has(digest)).toBe(false);
  });

  it.each([
    ['over the limit', (): Promise<unknown> => blobs.write([bytes], bytes.length - 1), 'PAYLOAD_TOO_LARGE'],
    [
      'with another digest',
      (): Promise<unknown> => blobs.write([bytes], 100, `sha256:${'0'.repeat(64)}`),
      'INVALID_ARGUMENT',
    ],
  ])('refuses content %s and leaves nothing', async (_name, write, code) => {
    await expect(write()).rejects.toMatchObject({ code });
    expect(await blobs.has(digest)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says what is missing and notices damage', async () => {
    await expect(buffer(blobs.read(digest))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await blobs.write([bytes], 100);
    const hex = digest.slice(7);
    await writeFile(join(folder, 'sha256', hex.slice(0, 2), hex), 'other');
    await expect(buffer(blobs.read(digest))).rejects.toThrow('damaged');
  });

  it('never follows something that is no digest', () => {
    expect(() => blobs.read('sha256:../../etc/passwd')).toThrow('digest');
  });

  it('removes what broken writes left', async () => {
    await writeFile(join(folder, 'incoming-1'), 'half');
    await blobs.removeAbandoned(0);
    expect(await readdir(folder)).toEqual(['incoming-1']);
    await blobs.removeAbandoned(Date.parse('2200-01-01'));
    expect(await readdir(folder)).toEqual([]);
  });
});
