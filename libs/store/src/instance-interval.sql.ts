import { instanceHas } from './revision-size.sql.js';
import { statement } from './statement.js';

export interface ToldRow {
  ordinal: number;
  /** From when on it was not known before that it ran. */
  from_ms: number;
  /** Its identity is another revision's. */
  other: boolean;
  /** It says more than was known. */
  news: boolean;
}

// One transaction at a time: what an interval grows by is told by what was known when the statement below begins, and of the
// intake and of releases neither waits for the other's lease.
export const lockIntervalsSql = statement<unknown>(
  'instance_interval_lock',
  `SELECT pg_advisory_xact_lock(hashtext('towpath instance intervals'))`,
);

export interface KnownRow {
  ordinal: number;
  from_ms: number;
}

// From when on it was not known before that these ran.
export const knownIntervalsSql = statement<KnownRow>(
  'instance_interval_known',
  `SELECT t.ordinal::int - 1 AS ordinal, coalesce(i.until_ms, t.start_ms) AS from_ms
   FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS t (cluster_id, instance_id, start_ms, ordinal)
   LEFT JOIN instance_intervals i ON i.cluster_id = t.cluster_id AND i.instance_id = t.instance_id AND i.start_ms = t.start_ms`,
);

/** No slice is longer: what reaches into a window is looked for by its end. */
export const SLICE_MS = '600000';

// One statement, so that what an interval grows by and the interval itself are one: $1 … $9 hold each identity once. What of them is billed is told with their zones. Time of
// instances is added up by UTC day, with the size of the revision; products of whole numbers, so the sums are exact.
export const storeIntervalsSql = statement<ToldRow>(
  'instance_interval_store',
  `WITH told AS (
     SELECT t.*, i.until_ms AS before, i.ended AS was_over, i.cluster_id IS NOT NULL AND
       (i.organization_id, i.service_id, i.revision_id) IS DISTINCT FROM (t.organization_id, t.service_id, t.revision_id) AS other
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::boolean[], $9::text[])
       WITH ORDINALITY
       AS t (cluster_id, instance_id, start_ms, organization_id, service_id, revision_id, until_ms, ended, zones, ordinal)
     LEFT JOIN instance_intervals i ON i.cluster_id = t.cluster_id AND i.instance_id = t.instance_id AND i.start_ms = t.start_ms
   ), kept AS (
     INSERT INTO instance_intervals AS i
       (cluster_id, instance_id, start_ms, organization_id, service_id, revision_id, until_ms, ended)
     SELECT cluster_id, instance_id, start_ms, organization_id, service_id, revision_id, until_ms, ended
     FROM told WHERE NOT other
     ON CONFLICT (cluster_id, instance_id, start_ms) DO UPDATE SET until_ms = excluded.until_ms, ended = excluded.ended
     WHERE i.until_ms < excluded.until_ms OR i.until_ms = excluded.until_ms AND excluded.ended AND NOT i.ended
   ), parts AS (
     SELECT g.organization_id, g.cluster_id, g.service_id, g.revision_id, day,
       least(g.until_ms, (day + 1) * 86400000) - greatest(g.from_ms, day * 86400000) AS ms
     FROM (SELECT *, coalesce(before, start_ms) AS from_ms FROM told WHERE NOT other) g
     CROSS JOIN LATERAL generate_series(g.from_ms / 86400000, (g.until_ms - 1) / 86400000) AS day
     WHERE g.until_ms > g.from_ms
   ), slices AS (
     INSERT INTO instance_slices (cluster_id, instance_id, start_ms, from_ms, until_ms, organization_id, service_id,
       revision_id, price_zone, billable, taken)
     SELECT g.cluster_id, g.instance_id, g.start_ms, at, least(at + ${SLICE_MS}, g.to_ms), g.organization_id,
       g.service_id, g.revision_id, g.zone, g.billable, $10
     FROM (SELECT told.*, z.zone, z.billable, greatest(coalesce(before, start_ms), z."startMs") AS from_ms,
         least(told.until_ms, z."endMs") AS to_ms
       FROM told CROSS JOIN LATERAL jsonb_to_recordset(told.zones::jsonb) AS z (zone text, "startMs" bigint, "endMs" bigint, billable boolean)
       WHERE NOT other) g
     CROSS JOIN LATERAL generate_series(g.from_ms, g.to_ms - 1, ${SLICE_MS}) AS at
   ), added AS (
     INSERT INTO instance_time (organization_id, cluster_id, service_id, day, instance_ms, cpu_ms, memory_ms)
     SELECT p.organization_id, p.cluster_id, p.service_id, DATE '1970-01-01' + p.day::int, sum(p.ms),
       sum(p.ms * ${instanceHas('cpuMillis', 'r.spec')}::numeric),
       sum(p.ms * ${instanceHas('memoryMiB', 'r.spec')}::numeric)
     FROM parts p JOIN revisions r ON r.organization_id = p.organization_id AND r.id = p.revision_id
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
     ON CONFLICT (organization_id, day, cluster_id, service_id) DO UPDATE SET
       instance_ms = instance_time.instance_ms + excluded.instance_ms,
       cpu_ms = instance_time.cpu_ms + excluded.cpu_ms, memory_ms = instance_time.memory_ms + excluded.memory_ms
   )
   SELECT ordinal::int - 1 AS ordinal, coalesce(before, start_ms) AS from_ms, other,
     before IS NULL OR before < until_ms OR before = until_ms AND ended AND NOT was_over AS news FROM told`,
);

export interface HoldingRow {
  service_id: string;
  cluster_id: string;
  removed_at: Date | null;
}

// A target stays after it was removed, until its cluster is; then what was stored says what it had held.
export const holdingsSql = statement<HoldingRow>(
  'instance_interval_holdings',
  `SELECT q.service_id, q.cluster_id, CASE WHEN t.service_id IS NULL THEN c.removed_at
     WHEN t.body ? 'tombstone' AND t.observed->>'removed' = 'true' THEN t.updated_at END AS removed_at
   FROM unnest($1::text[], $2::text[], $3::text[]) AS q (organization_id, service_id, cluster_id)
   JOIN clusters c ON c.id = q.cluster_id
   LEFT JOIN targets t ON t.organization_id = q.organization_id AND t.service_id = q.service_id AND t.cluster_id = q.cluster_id
   WHERE t.service_id IS NOT NULL OR c.removed_at IS NOT NULL AND EXISTS (
     SELECT FROM instance_intervals i WHERE i.cluster_id = q.cluster_id AND i.organization_id = q.organization_id
       AND i.service_id = q.service_id)`,
);
