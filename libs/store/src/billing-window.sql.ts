import { SIZE_COLUMNS, type SizeRow } from './revision-size.sql.js';
import { UNORDERED, statement } from './statement.js';

export interface WindowKeyRow {
  organization_id: string;
  project_id: string;
  service_id: string;
  revision_id: string;
  price_zone: string;
  window_start_ms: number;
}

// Sorted, so that two writers lock rows in one order. DO UPDATE and not DO NOTHING: it waits for a fold that is
// about to delete the mark, and a fold that comes later waits for what this transaction stores.
export const markDirtySql = statement<unknown>(
  'billing_mark_dirty',
  `INSERT INTO billing_dirty_windows
     (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms, shard)
   SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::int2[])
   ORDER BY 1, 3, 4, 5, 6
   ON CONFLICT (organization_id, service_id, revision_id, price_zone, window_start_ms)
   DO UPDATE SET shard = excluded.shard`,
);

// Taken before the facts are read: a record stored meanwhile marks again. Marks of running writers are left to the
// next round. Organizations take turns: the oldest window of each, then the second oldest, and so on.
export const takeDirtySql = statement<WindowKeyRow>(
  'billing_take_dirty',
  `WITH turns AS (
     SELECT organization_id, service_id, revision_id, price_zone, window_start_ms,
       row_number() OVER (PARTITION BY organization_id ORDER BY window_start_ms) AS turn
     FROM billing_dirty_windows WHERE shard = $1 AND organization_id <> ALL ($4::text[]))
   DELETE FROM billing_dirty_windows d USING (
     SELECT w.organization_id, w.service_id, w.revision_id, w.price_zone, w.window_start_ms
     FROM turns JOIN billing_dirty_windows w
       USING (organization_id, service_id, revision_id, price_zone, window_start_ms)
     WHERE turn <= $3 ORDER BY turn, window_start_ms LIMIT $2 FOR UPDATE OF w SKIP LOCKED) t
   WHERE (d.organization_id, d.service_id, d.revision_id, d.price_zone, d.window_start_ms)
       = (t.organization_id, t.service_id, t.revision_id, t.price_zone, t.window_start_ms)
   RETURNING d.organization_id, d.project_id, d.service_id, d.revision_id, d.price_zone, d.window_start_ms`,
);

export const dirtyShardsSql = statement<{ shard: number; windows: number; due: number; oldest_ms: number }>(
  'billing_dirty_shards',
  `SELECT shard, count(*)::int AS windows, count(*) FILTER (WHERE organization_id <> ALL ($1::text[]))::int AS due,
     min(window_start_ms) AS oldest_ms
   FROM billing_dirty_windows GROUP BY shard ORDER BY oldest_ms`,
);

type Blocks = [endMs: number, count: number][];

export interface EndsRow {
  n: number;
  open_blocks: Blocks;
  lane_ends: Record<string, Blocks> | null;
}

/** What windows that exist hand over, by position in the list of keys asked for. */
export const windowEndsSql = statement<EndsRow>(
  'billing_window_ends',
  `SELECT k.n, w.open_blocks, w.lane_ends
   FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
     AS k (n, organization_id, service_id, revision_id, price_zone, start_ms)
   JOIN billing_windows w ON w.organization_id = k.organization_id AND w.service_id = k.service_id
     AND w.revision_id = k.revision_id AND w.price_zone = k.price_zone AND w.window_start_ms = k.start_ms`,
);

export const saveWindowsSql = statement<unknown>(
  'billing_save_windows',
  `INSERT INTO billing_windows (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms,
     requests, not_billable_requests, blocks, per_request_units, open_blocks, request_bytes, response_bytes, meters,
     lane_ends, updated_at)
   SELECT organization_id, project_id, service_id, revision_id, price_zone, window_start_ms, requests,
     not_billable_requests, blocks, per_request_units, open_blocks::jsonb, request_bytes, response_bytes, meters::jsonb,
     lane_ends::jsonb, $16
   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
     $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[], $14::text[], $15::text[])
     AS t (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms, requests,
       not_billable_requests, blocks, per_request_units, open_blocks, request_bytes, response_bytes, meters, lane_ends)
   ON CONFLICT (organization_id, service_id, revision_id, price_zone, window_start_ms) DO UPDATE SET
     requests = excluded.requests, not_billable_requests = excluded.not_billable_requests, blocks = excluded.blocks,
     per_request_units = excluded.per_request_units, open_blocks = excluded.open_blocks,
     request_bytes = excluded.request_bytes, response_bytes = excluded.response_bytes, meters = excluded.meters,
     lane_ends = excluded.lane_ends, updated_at = excluded.updated_at`,
);

/** What was counted beside the columns: whole numbers as text by the name of a meter. */
export type MetersRow = Record<string, string> | null;

/** Sums of meters over windows of one series; only asked for where any window has one. */
export const metersBetween = (series: string, fromMs: string, toMs: string): string =>
  `CASE WHEN ${series}.has_meters THEN (SELECT jsonb_object_agg(key, quantity) FROM (
       SELECT m.key, sum(m.value::numeric)::text AS quantity
       FROM billing_windows x CROSS JOIN LATERAL jsonb_each_text(x.meters) m
       WHERE x.organization_id = $1 AND x.service_id = ${series}.service_id AND x.revision_id = ${series}.revision_id
         AND x.price_zone = ${series}.price_zone AND x.window_start_ms >= ${fromMs} AND x.window_start_ms < ${toMs}
       GROUP BY 1) sums) END AS meters`;

export interface UsageDayRow extends SizeRow {
  /** How many of the borders asked with are not after it. */
  period: number;
  project_id: string;
  project: string;
  service_id: string;
  service: string;
  revision_id: string | null;
  revision: string | null;
  price_zone: string;
  day: string;
  requests: string;
  not_billable_requests: string;
  blocks: string;
  per_request_units: string;
  request_bytes: string;
  response_bytes: string;
  meters: MetersRow;
}

/** UTC months like 2026-11 in which the organization used anything, ascending. */
export const listMonthsSql = statement<{ month: string }>(
  'billing_months',
  `SELECT DISTINCT to_char(to_timestamp(window_start_ms / 1000) AT TIME ZONE 'UTC', 'YYYY-MM') AS month
   FROM billing_windows WHERE organization_id = $1 ORDER BY month`,
);

// Day by day: what one day has fits in memory, a month of minutes would be sorted on disk.
export const usageByDaySql = statement<UsageDayRow>(
  'billing_usage_by_day',
  `WITH spans AS (
     SELECT from_ms, lead(from_ms, 1, $5::bigint) OVER (ORDER BY from_ms) AS to_ms FROM (
       SELECT $4::bigint AS from_ms UNION SELECT unnest($6::bigint[])
       UNION SELECT day * 86400000 FROM generate_series($4::bigint / 86400000 + 1, ($5::bigint - 1) / 86400000) day) starts
     WHERE from_ms >= $4 AND from_ms < $5
   ), days AS (
     SELECT from_ms / 86400000 AS day, width_bucket(from_ms, $6::bigint[]) AS period, used.*,
       ${metersBetween('used', 'from_ms', 'to_ms')}
     FROM spans CROSS JOIN LATERAL (
       SELECT service_id, revision_id, price_zone,
         sum(requests)::text AS requests, sum(not_billable_requests)::text AS not_billable_requests,
         sum(blocks)::text AS blocks, sum(per_request_units)::text AS per_request_units,
         sum(request_bytes)::text AS request_bytes, sum(response_bytes)::text AS response_bytes,
         bool_or(meters IS NOT NULL) AS has_meters
       FROM billing_windows, ${UNORDERED}
       WHERE organization_id = $1 AND window_start_ms >= from_ms AND window_start_ms < to_ms
         AND ($2::text IS NULL OR project_id = $2) AND ($3::text IS NULL OR service_id = $3)
       GROUP BY 1, 2, 3, unordered) used)
   SELECT d.period, s.project_id, p.handle AS project, d.service_id, s.name AS service, nullif(d.revision_id, '') AS revision_id,
     r.name AS revision, d.price_zone,
     to_char(to_timestamp(d.day * 86400) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
     d.requests, d.not_billable_requests, d.blocks, d.per_request_units, d.request_bytes, d.response_bytes, d.meters,
     ${SIZE_COLUMNS}
   FROM days d
   JOIN services s ON s.organization_id = $1 AND s.id = d.service_id
   JOIN projects p ON p.organization_id = $1 AND p.id = s.project_id
   LEFT JOIN revisions r ON r.organization_id = $1 AND r.id = d.revision_id
   ORDER BY d.period, d.day, p.handle, s.name, s.id, r.number NULLS FIRST, d.price_zone`,
);

export interface UsedWindowRow extends Omit<UsageDayRow, 'period' | 'day' | 'project' | 'service'> {
  window_start_ms: number;
  project: string | null;
  service: string | null;
}

/** Its revision; of what belongs to none its service: so it is one window at a time. */
const RAN = `coalesce(nullif(w.revision_id, ''), w.service_id)`;

const COUNT = `CASE $4 WHEN 'blocks' THEN w.blocks WHEN 'perRequestUnits' THEN w.per_request_units
       WHEN 'requests' THEN w.requests WHEN 'responseBytes' THEN w.response_bytes
       ELSE (w.meters->>$4)::numeric END`;

// Windows in any of the spans in which something was counted, where $9 is given only of revisions with such GPUs, where $10 is
// only in these price zones; a page begins behind ($5, $6, $7).
export const usedWindowsSql = statement<UsedWindowRow>(
  'billing_used_windows',
  `SELECT w.window_start_ms, w.project_id, p.handle AS project, w.service_id, s.name AS service,
     nullif(w.revision_id, '') AS revision_id, r.name AS revision, w.price_zone, w.requests::text,
     w.not_billable_requests::text, w.blocks::text, w.per_request_units::text, w.request_bytes::text, w.response_bytes::text,
     w.meters,
     ${SIZE_COLUMNS}
   FROM (SELECT w.* FROM unnest($2::bigint[], $3::bigint[]) AS span (from_ms, to_ms)
     JOIN billing_windows w ON w.organization_id = $1 AND w.window_start_ms >= span.from_ms AND w.window_start_ms < span.to_ms
     WHERE ${COUNT} > 0 AND ($10::text[] IS NULL OR w.price_zone = ANY ($10)) AND ($9::text IS NULL OR EXISTS (SELECT FROM revisions g
         WHERE g.organization_id = $1 AND g.id = w.revision_id AND g.spec->'resources'->>'gpuClass' = $9))
       AND (w.window_start_ms, ${RAN}, w.price_zone) > ($5::bigint, $6::text, $7::text)
     ORDER BY w.window_start_ms, ${RAN}, w.price_zone LIMIT $8) w
   LEFT JOIN projects p ON p.organization_id = $1 AND p.id = w.project_id
   LEFT JOIN services s ON s.organization_id = $1 AND s.id = w.service_id
   LEFT JOIN revisions r ON r.organization_id = $1 AND r.id = w.revision_id
   ORDER BY w.window_start_ms, ${RAN}, w.price_zone`,
);

export interface UsedNameRow {
  service_id: string;
  service: string;
  project: string;
  revision_id: string | null;
  revision: string | null;
}

export const namesOfUsedSql = statement<UsedNameRow>(
  'billing_names_of_used',
  `SELECT s.id AS service_id, s.name AS service, p.handle AS project, r.id AS revision_id, r.name AS revision
   FROM services s JOIN projects p ON p.organization_id = $1 AND p.id = s.project_id
   LEFT JOIN revisions r ON r.organization_id = $1 AND r.service_id = s.id AND r.id = ANY ($3)
   WHERE s.organization_id = $1 AND s.id = ANY ($2)`,
);
