import { dropInboxSql, recordInboxSql } from './inbox.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/**
 * Records that a consumer handles a message, in the transaction of its effect.
 * @returns false when it was handled before: do nothing and acknowledge
 */
export async function recordOnce(tx: Tx, consumer: string, messageId: string, now: number): Promise<boolean> {
  return (await tx.one(recordInboxSql, [consumer, messageId, time(now)])) !== undefined;
}

/** Drops what was handled before `before`; must be older than anything the broker can deliver again. */
export async function dropHandled(tx: Tx, before: number): Promise<number> {
  return (await tx.run(dropInboxSql, [time(before)])).length;
}
