import { dropUpload, unusedUploads } from '#libs/store';
import { GRACE_MS, MOST, type SweepParts } from './sweep.parts.js';

/** Rows of uploads that no service names as its source; each in a transaction of its own. */
export async function sweepUploads({ db, clock }: Pick<SweepParts, 'db' | 'clock'>): Promise<number> {
  const before = clock.now() - GRACE_MS;
  let dropped = 0;
  for (const id of await db.asSystem((tx) => unusedUploads(tx, before, MOST)))
    if (await db.asSystem((tx) => dropUpload(tx, id, before))) dropped += 1;
  return dropped;
}
