import { statement } from './statement.js';

/** How long the server waits for the next word of a transaction that writes under a lease; a stopped process says none. */
export const LEASED_IDLE_MS = 4_000;

export interface LeaseRow {
  name: string;
  owner: string;
  epoch: number;
  live: boolean;
}

export const listLeasesSql = statement<LeaseRow>(
  'lease_list',
  `SELECT name, owner, epoch, expires_at > $2 AS live FROM leases WHERE name = ANY($1)`,
);

export const makeLeasesSql = statement<unknown>(
  'lease_make',
  `INSERT INTO leases (name, owner, epoch, expires_at) SELECT name, '', 0, 'epoch' FROM unnest($1::text[]) AS name
   ON CONFLICT DO NOTHING`,
);

// Changes no key, so it waits for no write under the lease.
export const renewLeasesSql = statement<unknown>(
  'lease_renew',
  `UPDATE leases SET expires_at = $4 WHERE name = ANY($1) AND owner = $2 AND expires_at > $3`,
);

// FOR UPDATE meets the FOR KEY SHARE of a write that is under way: that partition is left for the next time.
export const takeLeasesSql = statement<{ name: string; epoch: number }>(
  'lease_take',
  `WITH free AS (SELECT name FROM leases WHERE name = ANY($1) AND expires_at <= $3 FOR UPDATE SKIP LOCKED)
   UPDATE leases SET owner = $2, epoch = leases.epoch + 1, expires_at = $4 FROM free WHERE leases.name = free.name
   RETURNING leases.name, leases.epoch`,
);

export const giveLeaseSql = statement<{ name: string }>(
  'lease_give',
  `WITH own AS (SELECT name FROM leases WHERE name = $1 AND owner = $2 AND expires_at > $4 FOR UPDATE SKIP LOCKED)
   UPDATE leases SET owner = $3, epoch = leases.epoch + 1, expires_at = $5 FROM own WHERE leases.name = own.name
   RETURNING leases.name`,
);

// The fence: whoever takes the lease over waits for the end of this transaction, and this waits for one who is about to.
// `towpath.lease` tells triggers and whoever looks at the server under which lease it writes.
export const assertLeaseSql = statement<{ epoch: number }>(
  'lease_assert',
  `SELECT epoch, set_config('idle_in_transaction_session_timeout', '${LEASED_IDLE_MS}', true),
     set_config('towpath.lease', name || '/' || epoch, true)
   FROM leases WHERE name = $1 AND epoch = $2 FOR KEY SHARE`,
);

export const releaseLeaseSql = statement<unknown>(
  'lease_release',
  `UPDATE leases SET expires_at = $3 WHERE name = $1 AND epoch = $2`,
);

// One replica of a group at a time decides.
export const lockGroupSql = statement<unknown>(
  'lease_lock_group',
  `SELECT pg_advisory_xact_lock(hashtext('towpath lease group'), hashtext($1)),
     set_config('idle_in_transaction_session_timeout', '${LEASED_IDLE_MS}', true)`,
);

export const liveReplicaSql = statement<unknown>(
  'lease_holder_live',
  `INSERT INTO lease_holders (lease_group, owner, expires_at) VALUES ($1, $2, $3)
   ON CONFLICT (lease_group, owner) DO UPDATE SET expires_at = excluded.expires_at`,
);

export const listReplicasSql = statement<{ owner: string }>(
  'lease_holder_list',
  `SELECT owner FROM lease_holders WHERE lease_group = $1 AND expires_at > $2 ORDER BY owner`,
);

export const dropReplicasSql = statement<unknown>(
  'lease_holder_drop',
  `DELETE FROM lease_holders WHERE lease_group = $1 AND (owner = $2 OR expires_at <= $3)`,
);
