import { blobsOf, neededBlobs, ownBlobs } from '#libs/store';
import type { EraseStep } from './erase.step.js';

/**
 * Sources and images that no other organization needs. What was written after the start is somebody else's, who may not
 * have its row yet; the sweep takes it if nobody does (garbage/sweep.ts).
 */
export const eraseBlobs: EraseStep = async ({ db, blobs }, { organizationId, startedAt }) => {
  const [own, others] = await db.asSystem(async (tx) => [
    await ownBlobs(tx, organizationId),
    await neededBlobs(tx, organizationId),
  ]);
  const needed = await blobsOf(blobs, others);
  const [erased, shared] = [[], []] as [string[], string[]];
  for (const digest of await blobsOf(blobs, own)) {
    const writtenAt = await blobs.writtenAt(digest);
    if (writtenAt === undefined) continue;
    if (needed.has(digest) || writtenAt >= startedAt) {
      shared.push(digest);
    } else {
      await blobs.delete(digest);
      erased.push(digest);
    }
  }
  const stores = [{ store: 'blobs', erased: erased.length, held: shared.length }];
  return () => Promise.resolve({ done: true, message: 'What others use as well stays.', stores });
};
