import { acquireLeaseSql, assertLeaseSql, releaseLeaseSql } from './lease.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/** The right to write about something, fenced: whoever takes it over gets a higher epoch. */
export interface Lease {
  name: string;
  epoch: number;
}

/** Somebody else holds the lease now; what was to be written must not be. */
export class LeaseLost extends Error {
  constructor(readonly lease: Lease) {
    super(`lease ${lease.name} of epoch ${lease.epoch} is lost`);
    this.name = 'LeaseLost';
  }
}

/**
 * Takes a free or lapsed lease, or renews one's own. Clocks of replicas that differ can only make it change hands
 * early or late: what keeps a former holder from writing is the epoch.
 * @returns undefined when another owner holds it
 */
export async function acquireLease(
  tx: Tx,
  ask: { name: string; owner: string; now: number; lifeMs: number },
): Promise<Lease | undefined> {
  const { name, owner, now, lifeMs } = ask;
  const row = await tx.one(acquireLeaseSql, [name, owner, time(now), time(now + lifeMs)]);
  return row && { name, epoch: row.epoch };
}

/**
 * Must be the first statement of every transaction that writes under a lease; a take-over waits for its end.
 * @throws LeaseLost
 */
export async function assertLease(tx: Tx, lease: Lease): Promise<void> {
  if (!(await tx.one(assertLeaseSql, [lease.name, lease.epoch]))) throw new LeaseLost(lease);
}

/** Lets go at once, so that another replica need not wait for the end of its life. */
export async function releaseLease(tx: Tx, lease: Lease, now: number): Promise<void> {
  await tx.run(releaseLeaseSql, [lease.name, lease.epoch, time(now)]);
}
