import { existsSync } from 'node:fs';
import { JOIN_TOKEN_BYTES, formatJoinToken, newId, type Clock, type Random } from '#libs/domain';
import { insertJoinToken, type Database } from '#libs/store';
import { tokenHash } from '../token.js';
import { FIRST_TOKEN_LIFE_MS, LOCAL } from './first-run.js';
import { writePrivately } from './private.file.js';

export interface GatewayTokenParts {
  db: Database;
  clock: Clock;
  random: Random;
  /** A file for each further gateway of this machine. */
  files: readonly string[];
  /** Where they stand (LOCAL). */
  region?: string;
}

/**
 * Gives each further local gateway the token with which it joins, when its file is not there. The row is committed
 * first: cut off in between, a token that nobody knows is left, and the next start makes another; of two replicas that
 * start at once both make one, and either works.
 */
export async function giveGatewayTokens({
  db,
  clock,
  random,
  files,
  region = LOCAL,
}: GatewayTokenParts): Promise<void> {
  for (const file of files.filter((name) => !existsSync(name))) {
    const token = formatJoinToken(random(JOIN_TOKEN_BYTES));
    const now = clock.now();
    const id = newId('jt', now, random);
    const join = { kind: 'gateway', region } as const;
    const times = { createdAt: now, expiresAt: now + FIRST_TOKEN_LIFE_MS };
    await db.asSystem((tx) => insertJoinToken(tx, { id, hash: tokenHash(token), ...join, ...times }));
    await writePrivately(file, token);
  }
}
