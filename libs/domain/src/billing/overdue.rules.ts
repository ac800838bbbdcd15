import type { Organization } from '../organization/organization.types.js';

/** Why billing suspends: what has this reason goes on by itself when it is paid. */
export const UNPAID = 'An invoice is past due.';

/** What decides: the oldest invoice that is past due, and how long after its time an installation suspends. UTC ms. */
export interface Overdue {
  nowMs: number;
  /** Absent: nothing is past due. */
  oldestDueMs?: number | undefined;
  /** Absent: never. */
  suspendAfterMs?: number | undefined;
}

/**
 * The status that follows from what is owed: past due, then suspended by the installation's policy, and active again when
 * it is paid. What a person suspended or closed stays as it is.
 */
export function statusByDebt(
  { status, statusReason }: Pick<Organization, 'status' | 'statusReason'>,
  { nowMs, oldestDueMs, suspendAfterMs }: Overdue,
): Organization['status'] {
  const isOurs = status === 'past_due' || (status === 'suspended' && statusReason === UNPAID);
  if (status !== 'active' && !isOurs) return status;
  if (oldestDueMs === undefined || nowMs <= oldestDueMs) return 'active';
  if (status === 'suspended') return status;
  const isLong = suspendAfterMs !== undefined && nowMs >= oldestDueMs + suspendAfterMs;
  return isLong ? 'suspended' : 'past_due';
}
