import { endLostBuilds } from '#libs/store';
import { MOST, type SweepParts } from './sweep.parts.js';

/** Builds of which no end will be heard; the next look at what is not settled tells their services. */
export function sweepBuilds({ db, clock }: Pick<SweepParts, 'db' | 'clock'>): Promise<number> {
  return db.asSystem((tx) => endLostBuilds(tx, clock.now(), MOST));
}
