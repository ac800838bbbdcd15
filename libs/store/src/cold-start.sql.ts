import type { WindowKeyRow } from './billing-window.sql.js';
import { statement } from './statement.js';

const COLD = `unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
     AS c (cluster_id, instance_id, start_ms, organization_id, service_id, revision_id, since_ms, ready_ms)`;

const MINUTES = (table: string): string =>
  `SELECT m.window_start_ms FROM ${table} m WHERE m.organization_id = c.organization_id AND m.service_id = c.service_id
       AND m.revision_id = c.revision_id AND m.window_start_ms > c.since_ms - 60000 AND m.window_start_ms < c.ready_ms`;

// What is told again is known: an instance ends one cold start at most.
export const storeColdStartsSql = statement<{ cluster_id: string; instance_id: string; start_ms: number }>(
  'cold_start_store',
  `INSERT INTO cold_starts
     (cluster_id, instance_id, start_ms, organization_id, service_id, revision_id, since_ms, ready_ms, taken)
   SELECT c.*, $9 FROM ${COLD}
   ON CONFLICT DO NOTHING RETURNING cluster_id, instance_id, start_ms`,
);

/**
 * Minutes of what waited, up to the one from which on it counts. Usage is read only of minutes that the revision has: they are counted, or
 * marked since it came, so one or the other is seen while they are being counted.
 */
export const waitedWindowsSql = statement<WindowKeyRow>(
  'cold_start_windows',
  `SELECT DISTINCT u.organization_id, u.project_id, u.service_id, u.revision_id, u.price_zone, at * 60000 AS window_start_ms
   FROM ${COLD}
   CROSS JOIN LATERAL (${MINUTES('billing_windows')} UNION ${MINUTES('billing_dirty_windows')}) w
   JOIN usage_records u ON u.organization_id = c.organization_id AND u.service_id = c.service_id
     AND u.start_ms >= greatest(c.since_ms, w.window_start_ms) AND u.start_ms < least(c.ready_ms, w.window_start_ms + 60000)
     AND u.revision_id = c.revision_id AND u.cluster_id = c.cluster_id AND u.billable
   CROSS JOIN LATERAL generate_series(u.start_ms / 60000, (least(u.end_ms, c.ready_ms + 1) - 1) / 60000) at`,
);
