import type { Digest } from '#libs/domain';
import { blobsOf, isSource, neededBlobs, takeForSweep } from '#libs/store';
import { GRACE_MS, MOST, type SweepParts } from './sweep.parts.js';

type Parts = Pick<SweepParts, 'db' | 'blobs' | 'clock'>;

/** Old blobs that no row names, and no image that a row names. */
export async function sweepBlobs(parts: Parts): Promise<number> {
  const { db, blobs, clock } = parts;
  const before = clock.now() - GRACE_MS;
  // Listed first: what comes to be needed later was written anew, or is held.
  const old: Digest[] = [];
  for await (const digest of blobs.list()) if (await isOlder(parts, digest, before)) old.push(digest);
  const needed = await blobsOf(blobs, await db.asSystem((tx) => neededBlobs(tx)));
  let removed = 0;
  for (const digest of old.filter((one) => !needed.has(one)).slice(0, MOST))
    if (await remove(parts, digest, before)) removed += 1;
  return removed;
}

/** Under the lock that an upload of the same content takes before it looks whether the blob is there. */
function remove(parts: Parts, digest: Digest, before: number): Promise<boolean> {
  return parts.db.asSystem(async (tx) => {
    if (!(await takeForSweep(tx, digest)) || (await isSource(tx, digest))) return false;
    if (!(await isOlder(parts, digest, before))) return false;
    await parts.blobs.delete(digest);
    return true;
  });
}

async function isOlder({ blobs }: Parts, digest: Digest, before: number): Promise<boolean> {
  return ((await blobs.writtenAt(digest)) ?? Infinity) < before;
}
