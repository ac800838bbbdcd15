import type { Cap, Id } from '#libs/domain';
import { SLICE_MS } from './instance-interval.sql.js';
import { SIZE_COLUMNS, type SizeRow } from './revision-size.sql.js';
import { statement } from './statement.js';

export interface CapRow {
  organization_id: Cap['organizationId'];
  amount: string;
  currency: string;
  reached: boolean;
  told: string | null;
  created_at: Date;
  version: number;
}

const COLUMNS = 'organization_id, amount, currency, reached, told, created_at, version';

export const findCapSql = statement<CapRow>(
  'cap_find',
  `SELECT ${COLUMNS} FROM caps WHERE organization_id = $1`,
);

/** While it is held, nobody is allowed anything of it and nobody changes it. */
export const lockCapSql = statement<CapRow>(
  'cap_lock',
  `SELECT ${COLUMNS} FROM caps WHERE organization_id = $1 FOR UPDATE`,
);

export const saveCapSql = statement<CapRow>(
  'cap_save',
  `INSERT INTO caps (organization_id, amount, currency, created_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (organization_id) DO UPDATE SET amount = excluded.amount, currency = excluded.currency,
     reached = false, version = caps.version + 1
   RETURNING ${COLUMNS}`,
);

export const deleteCapSql = statement<unknown>('cap_delete', `DELETE FROM caps WHERE organization_id = $1`);

export const cappedOrganizationsSql = statement<{ organization_id: Cap['organizationId'] }>(
  'cap_organizations',
  `SELECT organization_id FROM caps ORDER BY organization_id`,
);

export const markCapSql = statement<unknown>(
  'cap_mark',
  `UPDATE caps SET reached = $2, told = $3 WHERE organization_id = $1`,
);

export interface AllowanceRow {
  gateway_id: string;
  incarnation: string;
  amount: string;
  asked: number;
  began_at: Date;
  asked_at: Date;
}

export const allowancesSql = statement<AllowanceRow>(
  'cap_allowances',
  `SELECT gateway_id, incarnation, amount, asked, began_at, asked_at FROM cap_allowances WHERE organization_id = $1
   ORDER BY gateway_id, incarnation`,
);

export const saveAllowanceSql = statement<unknown>(
  'cap_save_allowance',
  `INSERT INTO cap_allowances (organization_id, gateway_id, incarnation, amount, asked, began_at, asked_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (organization_id, gateway_id, incarnation) DO UPDATE SET amount = excluded.amount,
     asked = excluded.asked, began_at = excluded.began_at, asked_at = excluded.asked_at`,
);

export const dropAllowanceSql = statement<unknown>(
  'cap_drop_allowance',
  `DELETE FROM cap_allowances WHERE organization_id = $1 AND gateway_id = $2 AND incarnation = $3 AND asked = $4`,
);

// One statement, so one moment: a record that is taken in with no window after it to be folded is in the windows. One that
// is held back costs nothing.
export const saidRecordsSql = statement<{ n: number }>(
  'cap_said_records',
  `SELECT k.n FROM unnest($2::int[], $3::text[], $4::bigint[]) AS k (n, producer, position)
   WHERE EXISTS (
     SELECT FROM usage_records u WHERE u.producer = k.producer AND u.position = k.position AND u.organization_id = $1
       AND NOT EXISTS (SELECT FROM billing_dirty_windows d WHERE d.organization_id = u.organization_id
         AND d.service_id = u.service_id AND d.revision_id = coalesce(u.revision_id, '') AND d.price_zone = u.price_zone
         AND d.window_start_ms >= u.start_ms / 60000 * 60000))
     OR EXISTS (SELECT FROM usage_quarantine q WHERE q.producer = k.producer AND q.position = k.position)`,
);

export const dirtyBeforeSql = statement<{ dirty: boolean }>(
  'cap_dirty_before',
  `SELECT EXISTS (SELECT FROM billing_dirty_windows WHERE organization_id = $1 AND window_start_ms < $2) AS dirty`,
);

export interface RevisionRow extends SizeRow {
  id: Id<'rev'>;
  timeout_seconds: number;
}

const REVISION = `r.id, ${SIZE_COLUMNS}, (r.spec->>'timeoutSeconds')::int AS timeout_seconds`;

export const revisionSizesSql = statement<RevisionRow>(
  'cap_revision_sizes',
  `SELECT ${REVISION} FROM revisions r WHERE r.organization_id = $1 AND r.id = ANY ($2::text[])`,
);

export interface ServedRow extends RevisionRow {
  running: number;
}

/** Of revisions that hosts of the organization lead to; $2: their instances that were told since to run. */
export const servedSizesSql = statement<ServedRow>(
  'cap_served_sizes',
  `SELECT DISTINCT ${REVISION}, (SELECT count(DISTINCT (s.cluster_id, s.instance_id, s.start_ms))::int FROM instance_slices s
     JOIN instance_intervals i ON i.cluster_id = s.cluster_id AND i.instance_id = s.instance_id AND i.start_ms = s.start_ms
     WHERE s.organization_id = r.organization_id AND s.service_id = r.service_id AND s.revision_id = r.id AND s.until_ms > $2
       AND NOT i.ended) AS running
   FROM routes t CROSS JOIN LATERAL jsonb_array_elements(t.body->'backends') b
   JOIN revisions r ON r.organization_id = t.organization_id AND r.id = b->>'revisionId'
   WHERE t.organization_id = $1 AND NOT t.body ? 'deleted'`,
);

export interface UnfoldedRow extends SizeRow {
  ms: number;
  stretches: number;
  starts: number;
}

// What instances were told to have run in minutes that wait to be folded: it may be on the bill in part.
export const unfoldedInstancesSql = statement<UnfoldedRow>(
  'cap_unfolded_instances',
  `SELECT ${SIZE_COLUMNS}, w.ms, w.stretches, w.starts FROM (
     SELECT s.revision_id, sum(s.until_ms - s.from_ms)::bigint AS ms,
       sum((s.until_ms - 1) / 60000 - s.from_ms / 60000 + 1)::int AS stretches,
       count(*) FILTER (WHERE s.from_ms / 60000 <= s.start_ms / 60000)::int AS starts
     FROM (
       SELECT DISTINCT s.cluster_id, s.instance_id, s.start_ms, s.from_ms, s.until_ms, s.revision_id
       FROM billing_dirty_windows d JOIN instance_slices s ON s.organization_id = d.organization_id
         AND s.service_id = d.service_id AND s.revision_id = d.revision_id AND s.price_zone = d.price_zone AND s.billable
         AND s.until_ms > d.window_start_ms AND s.until_ms <= d.window_start_ms + 60000 + ${SLICE_MS}
         AND s.from_ms < d.window_start_ms + 60000
       WHERE d.organization_id = $1) s GROUP BY 1) w
   JOIN revisions r ON r.organization_id = $1 AND r.id = w.revision_id`,
);

// Of a month: what ran and was not paid for.
export const unpaidMsSql = statement<{ ms: number }>(
  'cap_unpaid_ms',
  `SELECT coalesce(sum(until_ms - from_ms), 0)::bigint AS ms FROM instance_slices
   WHERE organization_id = $1 AND NOT billable AND from_ms >= $2 AND from_ms < $3`,
);

export const longestTimeoutSql = statement<{ seconds: number }>(
  'cap_longest_timeout',
  `SELECT coalesce(max((spec->>'timeoutSeconds')::int), 0) AS seconds FROM revisions WHERE organization_id = $1`,
);

// One statement, so one moment: builds that go on, and those that ended and are not in the windows.
export const openBuildsSql = statement<{ count: number }>(
  'cap_open_builds',
  `SELECT ((SELECT count(*) FROM builds WHERE organization_id = $1 AND may_cost)
     + (SELECT count(*) FROM build_times WHERE organization_id = $1 AND taken IS NULL)
     + (SELECT count(*) FROM billing_dirty_windows d JOIN build_times b ON b.organization_id = d.organization_id
         AND b.service_id = d.service_id AND b.price_zone = d.price_zone AND b.start_ms / 60000 * 60000 = d.window_start_ms
       WHERE d.organization_id = $1 AND d.revision_id = ''))::int AS count`,
);
