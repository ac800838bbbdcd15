import { NOTICE_KEPT_MS } from '#libs/domain';
import { dropNotices } from '#libs/store';
import { MOST, type SweepParts } from './sweep.parts.js';

/** Notices that are older than they are kept, with their deliveries, some in each transaction. */
export async function sweepNotices({ db, clock }: Pick<SweepParts, 'db' | 'clock'>): Promise<number> {
  const before = clock.now() - NOTICE_KEPT_MS;
  let dropped = 0;
  for (let some = MOST; some === MOST; dropped += some)
    some = await db.asSystem((tx) => dropNotices(tx, before, MOST));
  return dropped;
}
