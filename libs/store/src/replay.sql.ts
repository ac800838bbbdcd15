import { SLICE_MS } from './instance-interval.sql.js';
import { SIZE_COLUMNS, type SizeRow } from './revision-size.sql.js';
import { statement } from './statement.js';
import { MAX_RECORD_MS, STORED_ZONES, zonesBy } from './window-facts.sql.js';

export interface ReplayedRow extends SizeRow {
  project_id: string;
  service_id: string;
  revision_id: string;
  price_zone: string;
  window_start_ms: number;
  /** Up to where usage counts; null: everything does. */
  up_to: number | null;
  concurrency: number;
  max_instances: number;
}

// From the raw records alone. $5: nothing that was taken in after this position counts. Without it, $4: of each hour only what its
// last settlement by this time had taken in. Neither: everything.
// $6: also what instances ran in; $7: also builds, of no revision.
const replayed = (name: string, zone: typeof STORED_ZONES) =>
  statement<ReplayedRow>(
    name,
    `SELECT w.*, coalesce($5::bigint, (SELECT max(l.position) FROM ledger_seals l WHERE l.organization_id = $1
       AND l.window_start_ms = w.window_start_ms / 3600000 * 3600000 AND l.sealed_at <= $4),
       CASE WHEN $4::timestamptz IS NOT NULL THEN 0 END) AS up_to,
     ${SIZE_COLUMNS},
     coalesce((r.spec->>'concurrency')::int, 1) AS concurrency, coalesce((r.spec->>'maxInstances')::int, 1) AS max_instances
   FROM (
     SELECT DISTINCT u.project_id, u.service_id, u.revision_id, ${zone.record} AS price_zone, at * 60000 AS window_start_ms
     FROM services s
     JOIN usage_records u ON u.organization_id = s.organization_id AND u.service_id = s.id
       AND u.start_ms >= $2::bigint - ${MAX_RECORD_MS} AND u.start_ms < $3::bigint
       AND ($5::bigint IS NULL OR coalesce(u.taken, 0) <= $5)
     CROSS JOIN LATERAL generate_series(u.start_ms / 60000, (u.end_ms - 1) / 60000) at
     WHERE s.organization_id = $1 AND u.billable AND u.revision_id IS NOT NULL AND at * 60000 >= $2 AND at * 60000 < $3
     UNION
     SELECT v.project_id, s.service_id, s.revision_id, ${zone.slice('at * 60000')}, at * 60000
     FROM revisions v
     JOIN instance_slices s ON s.organization_id = v.organization_id AND s.service_id = v.service_id AND s.revision_id = v.id
       AND s.until_ms > $2::bigint AND s.until_ms <= $3::bigint + ${SLICE_MS} AND ($5::bigint IS NULL OR s.taken <= $5)
     CROSS JOIN LATERAL generate_series(s.from_ms / 60000, (s.until_ms - 1) / 60000) at
     WHERE $6::boolean AND v.organization_id = $1 AND at * 60000 >= $2 AND at * 60000 < $3
     UNION
     SELECT b.project_id, b.service_id, '', ${zone.build}, b.start_ms / 60000 * 60000
     FROM build_times b
     WHERE $7::boolean AND b.organization_id = $1 AND b.start_ms >= $2 AND b.start_ms < $3
       AND b.taken <= coalesce($5::bigint, b.taken)) w
   LEFT JOIN revisions r ON r.organization_id = $1 AND r.id = w.revision_id
   ORDER BY w.project_id, w.service_id, w.revision_id, w.window_start_ms, w.price_zone`,
  );

/** Price zones as they were stored. */
export const replayedWindowsSql = replayed('replay_windows', STORED_ZONES);

/** Price zones of other plans, by $8 and $9. */
export const askedWindowsSql = replayed('replay_asked_windows', zonesBy('$8', '$9'));

// What is folded and waits for the ledger, or was settled of usage that came later.
export const changedSinceSql = statement<{ changed: boolean }>(
  'replay_changed_since',
  `SELECT EXISTS (SELECT FROM ledger_windows WHERE organization_id = $1 AND start_ms >= $2 AND start_ms < $3 AND unsettled)
     OR EXISTS (SELECT FROM ledger_seals WHERE organization_id = $1 AND window_start_ms >= $2 AND window_start_ms < $3
       AND position > $4) AS changed`,
);
