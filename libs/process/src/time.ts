import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '#libs/domain';

/** The real clock, for composition roots only; everything else is handed one. */
export const systemClock: Clock = { now: () => Date.now() };

/** Random bytes of the operating system. */
export const systemRandom: Random = (length) => randomBytes(length);
