import { hubEpochSql, lockHubSql, raiseHubEpochSql, usageRereadDoneSql, usageRereadSql } from './hub.sql.js';
import type { LeasedTx } from './lease.store.js';
import type { Tx } from './statement.js';

/** The hub's fencing epoch: every target carries it, and agents refuse a lower one. */
export async function hubEpoch(tx: Tx): Promise<number> {
  return (await tx.one(hubEpochSql))?.epoch ?? 1;
}

/**
 * Raises the hub's epoch above one that was seen outside: this hub was restored from a backup.
 * @returns whether it had to be raised
 */
export async function raiseHubEpoch(tx: Tx, above: number): Promise<boolean> {
  return (await tx.one(raiseHubEpochSql, [above])) !== undefined;
}

/** Lets one process at a time go on until its transaction ends. */
export async function lockHub(tx: Tx): Promise<void> {
  await tx.run(lockHubSql);
}

/** Whether the rows were put back to a copy, so that usage taken in later must be read again from the broker. */
export async function mustRereadUsage(tx: Tx): Promise<boolean> {
  return (await tx.one(usageRereadSql))?.asked === true;
}

export async function usageIsReread(tx: LeasedTx): Promise<void> {
  await tx.run(usageRereadDoneSql);
}
