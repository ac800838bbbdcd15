export { Database, isUniqueViolation } from './database.js';
export type { DatabaseOptions } from './database.js';
export { Tx, statement } from './statement.js';
export type { Statement } from './statement.js';
export { migrate } from './migrate.js';
export type { MigrateOptions } from './migrate.js';
export {
  OUTBOX_KEPT_MS,
  dropSent,
  highestSequence,
  markSent,
  refillAfter,
  takeUnsent,
  writeOutbox,
} from './outbox.store.js';
export type { NewOutboxRow, UnsentRow } from './outbox.store.js';
export { dropHandled, recordOnce } from './inbox.store.js';
export { LeaseLost, acquireLease, assertLease, releaseLease } from './lease.store.js';
export type { Lease } from './lease.store.js';
