import { metersBetween, type MetersRow } from './billing-window.sql.js';
import { SIZE_COLUMNS, type SizeRow } from './revision-size.sql.js';
import { statement } from './statement.js';

const HOUR_MS = '3600000';

export const unsettledSql = statement<{ organization_id: string; oldest_ms: number }>(
  'ledger_unsettled',
  `SELECT organization_id, min(start_ms) AS oldest_ms FROM ledger_windows WHERE unsettled AND start_ms < $1
   GROUP BY organization_id ORDER BY 2, 1`,
);

export interface WindowRow {
  start_ms: number;
  unsettled: boolean;
  closed_at: Date | null;
  position: number | null;
  without: string[] | null;
  seal_number: number | null;
  invoice_id: string | null;
}

const WINDOW = 'start_ms, unsettled, closed_at, position, without, seal_number, invoice_id';

// While they are held, no minute of them can be set.
export const holdUnsettledSql = statement<WindowRow>(
  'ledger_hold_unsettled',
  `SELECT ${WINDOW} FROM ledger_windows WHERE organization_id = $1 AND unsettled AND start_ms < $2
   ORDER BY start_ms FOR UPDATE`,
);

export interface GroundRow {
  position: number;
  stream_sequence: number;
  /** Minutes before the end wait to be folded, or usage is to be read again after a restore. */
  dirty: boolean;
  unsettled: number;
}

// One statement, so one moment: what is taken in up to `position` is folded when nothing is dirty.
export const groundSql = statement<GroundRow>(
  'ledger_ground',
  `SELECT position, stream_sequence,
     (SELECT usage_reread FROM hub)
       OR EXISTS (SELECT FROM billing_dirty_windows WHERE organization_id = $1 AND window_start_ms < $2) AS dirty,
     (SELECT count(*)::int FROM ledger_windows WHERE organization_id = $1 AND unsettled AND start_ms < $2) AS unsettled
   FROM usage_intake WHERE partition = '0'`,
);

// Minutes of these hours in [$2, $3) that were counted for another plan: they lack one of the meters $5.
export const markUncountedSql = statement<{ window_start_ms: number }>(
  'ledger_mark_uncounted',
  `INSERT INTO billing_dirty_windows
     (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms, shard)
   SELECT w.organization_id, w.project_id, w.service_id, w.revision_id, w.price_zone, w.window_start_ms, $6
   FROM unnest($4::bigint[]) h
   JOIN billing_windows w ON w.organization_id = $1 AND w.window_start_ms >= greatest(h, $2)
     AND w.window_start_ms < least(h + ${HOUR_MS}, $3)
   WHERE w.meters IS NULL OR NOT w.meters ?& $5::text[]
   ORDER BY 1, 3, 4, 5, 6
   ON CONFLICT (organization_id, service_id, revision_id, price_zone, window_start_ms)
   DO UPDATE SET shard = excluded.shard RETURNING window_start_ms`,
);

export interface UsedRow extends SizeRow {
  window_start_ms: number;
  at_ms: number;
  project_id: string;
  service_id: string;
  revision_id: string;
  price_zone: string;
  requests: string;
  blocks: string;
  per_request_units: string;
  response_bytes: string;
  meters: MetersRow;
}

/** $3: instants at which another version of the plan came into force, ascending. */
export const usedSql = statement<UsedRow>(
  'ledger_used',
  `SELECT u.*, ${metersBetween('u', 'u.at_ms', 'u.to_ms')}, ${SIZE_COLUMNS}
   FROM (
     SELECT h AS window_start_ms, min(w.window_start_ms) AS at_ms, max(w.window_start_ms) + 1 AS to_ms, w.project_id, w.service_id, w.revision_id, w.price_zone,
       sum(w.requests)::text AS requests, sum(w.blocks)::text AS blocks,
       sum(w.per_request_units)::text AS per_request_units, sum(w.response_bytes)::text AS response_bytes,
       bool_or(w.meters IS NOT NULL) AS has_meters
     FROM unnest($2::bigint[]) h
     JOIN billing_windows w ON w.organization_id = $1 AND w.window_start_ms >= h AND w.window_start_ms < h + ${HOUR_MS}
     GROUP BY h, w.project_id, w.service_id, w.revision_id, w.price_zone, width_bucket(w.window_start_ms, $3::bigint[])) u
   LEFT JOIN revisions r ON r.organization_id = $1 AND r.id = u.revision_id`,
);

export interface LineRow {
  window_start_ms: number;
  project_id: string;
  service_id: string;
  revision_id: string;
  price_zone: string;
  plan_id: string;
  plan_version: number;
  item: string;
  measured: string;
  multiplier: string;
  amount: string;
  divisor: string;
}

const LINE_KEY =
  'window_start_ms, project_id, service_id, revision_id, price_zone, plan_id, plan_version, item';

/** What is posted for windows so far: closing and corrections together. */
export const postedSql = statement<LineRow>(
  'ledger_posted',
  `SELECT ${LINE_KEY}, sum(measured)::text AS measured, multiplier::text AS multiplier, sum(amount)::text AS amount,
     divisor::text AS divisor
   FROM ledger_lines WHERE organization_id = $1 AND window_start_ms = ANY($2)
   GROUP BY ${LINE_KEY}, multiplier, divisor`,
);

// A month by revision and item; `window_start_ms` is that of the first window.
export const sumLinesSql = statement<LineRow>(
  'ledger_sum_lines',
  `SELECT min(window_start_ms) AS window_start_ms, project_id, service_id, revision_id, price_zone, plan_id, plan_version,
     item, sum(measured)::text AS measured, multiplier::text AS multiplier, sum(amount)::text AS amount,
     divisor::text AS divisor
   FROM ledger_lines WHERE organization_id = $1 AND window_start_ms >= $2 AND window_start_ms < $3
   GROUP BY project_id, service_id, revision_id, price_zone, plan_id, plan_version, item, multiplier, divisor
   ORDER BY plan_id, plan_version, project_id, service_id, revision_id, price_zone, item, multiplier, divisor`,
);

export const closeWindowSql = statement<unknown>(
  'ledger_close_window',
  `UPDATE ledger_windows SET closed_at = $3, position = $4, without = $5::jsonb, seal_number = $6, unsettled = false
   WHERE organization_id = $1 AND start_ms = $2`,
);

export const settleWindowsSql = statement<unknown>(
  'ledger_settle_windows',
  `UPDATE ledger_windows SET unsettled = false WHERE organization_id = $1 AND start_ms = ANY($2)`,
);

export const listWindowsSql = statement<WindowRow & { last_position: number | null }>(
  'ledger_list_windows',
  `SELECT ${WINDOW}, (SELECT max(s.position) FROM ledger_seals s WHERE s.organization_id = w.organization_id
     AND s.window_start_ms = w.start_ms) AS last_position
   FROM ledger_windows w
   WHERE organization_id = $1 AND start_ms >= $2 AND start_ms < $3 AND start_ms > $4 ORDER BY start_ms LIMIT $5`,
);

export const invoiceWindowsSql = statement<unknown>(
  'ledger_invoice_windows',
  `UPDATE ledger_windows SET invoice_id = $4
   WHERE organization_id = $1 AND start_ms >= $2 AND start_ms < $3 AND closed_at IS NOT NULL AND invoice_id IS NULL`,
);

export interface ProducerRow {
  id: string;
  joined_at: Date;
  last_seen_at: Date | null;
  taken_at: Date | null;
  end_ms: number | null;
}

export const producersSql = statement<ProducerRow>(
  'ledger_producers',
  `SELECT g.id, g.joined_at, g.last_seen_at, w.taken_at, w.end_ms
   FROM gateways g LEFT JOIN (
     SELECT gateway_id, max(updated_at) AS taken_at, max(end_ms) AS end_ms FROM usage_watermarks GROUP BY gateway_id) w
     ON w.gateway_id = g.id
   ORDER BY g.id`,
);
