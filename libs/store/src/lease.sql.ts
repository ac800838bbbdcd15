import { statement } from './statement.js';

// The epoch grows whenever the lease changes hands or was let lapse; renewing in time keeps it.
export const acquireLeaseSql = statement<{ epoch: number }>(
  'lease_acquire',
  `INSERT INTO leases (name, owner, epoch, expires_at) VALUES ($1, $2, 1, $4)
   ON CONFLICT (name) DO UPDATE SET
     owner = excluded.owner,
     epoch = leases.epoch + (CASE WHEN leases.owner = $2 AND leases.expires_at > $3 THEN 0 ELSE 1 END),
     expires_at = excluded.expires_at
   WHERE leases.owner = $2 OR leases.expires_at <= $3
   RETURNING epoch`,
);

// Shared with other holders' checks, but a take-over waits until the checking transaction has ended.
export const assertLeaseSql = statement<{ epoch: number }>(
  'lease_assert',
  `SELECT epoch FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE`,
);

export const releaseLeaseSql = statement<unknown>(
  'lease_release',
  `UPDATE leases SET expires_at = $3 WHERE name = $1 AND epoch = $2`,
);
