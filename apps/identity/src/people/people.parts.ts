import type { Clock, Id, Random, RateName } from '#libs/domain';
import { TowpathError, newId } from '#libs/domain';
import { insertAudit, useRate, type Database, type Tx } from '#libs/store';
import type { PasswordHasher } from './password.hasher.js';

/** What an access token says: who, acting where, in which session. No roles: those are looked up at every use. */
export interface AccessClaims {
  sub: Id<'usr'>;
  org: Id<'org'>;
  sid: Id<'ses'>;
}

/** What people's commands are built from. */
export interface PeopleParts {
  db: Database;
  clock: Clock;
  random: Random;
  hasher: PasswordHasher;
  /** Signs an access token that lives so many seconds. */
  sign: (claims: AccessClaims, lifetimeSeconds: number) => Promise<string>;
}

/** Who asks: for audit, rates, and what a person is shown of its sessions. */
export interface AskedBy {
  requestId: string;
  address: string;
  client: string;
}

/** Counts one more use under a rate. @throws TowpathError RATE_LIMITED with the time to wait */
export async function countUse(
  { db, clock }: Pick<PeopleParts, 'db' | 'clock'>,
  name: RateName,
  subject: string,
): Promise<void> {
  const verdict = await db.asSystem((tx) => useRate(tx, name, subject, clock.now()));
  if (verdict.allowed) return;
  throw new TowpathError('RATE_LIMITED', 'This was tried too often.', {
    nextStep: 'Wait for a while and try again.',
    retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000),
  });
}

/** Writes an audit row of the organization, in the transaction of what it tells of. */
export async function audit(
  tx: Tx,
  { clock, random }: Pick<PeopleParts, 'clock' | 'random'>,
  row: {
    organizationId: string;
    actorId: string;
    action: string;
    object: string;
    by: AskedBy;
    after?: Record<string, unknown>;
  },
): Promise<void> {
  const { by, ...rest } = row;
  const time = clock.now();
  await insertAudit(tx, { ...rest, id: newId('aud', time, random), time, requestId: by.requestId });
}
