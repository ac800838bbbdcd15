import { statement } from './statement.js';

/** Columns of usage_records in the order of a COPY line: the content. */
const CONTENT = [
  'producer',
  'position',
  'organization_id',
  'project_id',
  'service_id',
  'revision_id',
  'cluster_id',
  'gateway_id',
  'region',
  'stream_id',
  'part',
  'last',
  'start_ms',
  'end_ms',
  'request_bytes',
  'response_bytes',
  'status',
  'flags',
  'reached',
  'attempts',
];
/** With what the domain says of it; the place in the intake is only known when it is stored. */
const STAGED = [...CONTENT, 'price_zone', 'billable', 'not_billable_reason'].join(', ');

// One per connection; COPY and row-level security exclude each other, so rows come through here.
export const stagingSql = statement<unknown>(
  'usage_staging',
  `CREATE TEMPORARY TABLE IF NOT EXISTS usage_staging ON COMMIT DELETE ROWS
   AS SELECT ${STAGED}, 0 AS ordinal FROM usage_records WITH NO DATA`,
);

export const COPY_STAGING = `COPY usage_staging (${STAGED}, ordinal) FROM STDIN`;

export interface TouchedRow {
  organization_id: string;
  project_id: string;
  service_id: string;
  revision_id: string;
  price_zone: string;
  window_start_ms: number;
  /** New records that begin in the window. */
  records: number;
  ordinal: null;
}

/** A staged row whose identity was there. */
interface RepeatedRow {
  ordinal: number;
}

const PARTIAL = (t: string): string => `(${t}.part > 0 OR NOT ${t}.last)`;

// Stores what is new and tells which windows it touches: those a record reaches into, and for the part of a stream the
// window in which the stream began so far (its rounding belongs there), in the zone of the part that it began with. Records are
// counted by the windows they reach before these are listed: most share them. A part before a
// cold start also touches those of parts that came in it: what was served before did not wait.
// Where not all of $2 rows were new, which were not: nobody else is looked at again.
export const storeSql = statement<TouchedRow | RepeatedRow>(
  'usage_store',
  `WITH fresh AS (
     INSERT INTO usage_records (${STAGED}, taken) SELECT ${STAGED}, $1 FROM usage_staging
     ON CONFLICT (producer, position) DO NOTHING
     RETURNING organization_id, project_id, service_id, revision_id, price_zone, start_ms / 60000 AS from_minute,
       (end_ms - 1) / 60000 AS to_minute, CASE WHEN ${PARTIAL('usage_records')} THEN producer END AS producer,
       CASE WHEN ${PARTIAL('usage_records')} THEN stream_id END AS stream_id,
       CASE WHEN ${PARTIAL('usage_records')} AND billable THEN start_ms END AS part_ms,
       usage_records.producer AS of_producer, position
   ), spans AS (
     SELECT organization_id, project_id, service_id, coalesce(revision_id, '') AS revision_id, price_zone, from_minute,
            to_minute,
            count(*) AS records
     FROM fresh GROUP BY 1, 2, 3, 4, 5, 6, 7
   ), touched AS (
     SELECT s.organization_id, s.project_id, s.service_id, s.revision_id, s.price_zone, at * 60000 AS window_start_ms,
            CASE WHEN at = s.from_minute THEN s.records ELSE 0 END AS records
     FROM spans s CROSS JOIN LATERAL generate_series(s.from_minute, s.to_minute) at
     UNION ALL
     SELECT f.organization_id, f.project_id, f.service_id, coalesce(f.revision_id, ''), first.price_zone,
            first.start_ms / 60000 * 60000, 0
     FROM fresh f CROSS JOIN LATERAL (
       SELECT o.start_ms, o.price_zone FROM usage_records o
       WHERE o.producer = f.producer AND o.stream_id = f.stream_id AND ${PARTIAL('o')} AND o.billable
       ORDER BY o.start_ms LIMIT 1) first
     WHERE f.producer IS NOT NULL
     UNION ALL
     SELECT o.organization_id, o.project_id, o.service_id, o.revision_id, o.price_zone, at * 60000, 0
     FROM fresh f CROSS JOIN LATERAL (
       SELECT o.* FROM cold_starts c JOIN usage_records o ON o.cluster_id = c.cluster_id AND o.start_ms >= c.since_ms
         AND o.start_ms < c.ready_ms
       WHERE c.organization_id = f.organization_id AND c.service_id = f.service_id AND c.revision_id = f.revision_id
         AND c.ready_ms > f.part_ms AND c.since_ms > f.part_ms
         AND o.producer = f.producer AND o.stream_id = f.stream_id AND ${PARTIAL('o')} AND o.billable OFFSET 0) o
     CROSS JOIN LATERAL generate_series(o.start_ms / 60000, (o.end_ms - 1) / 60000) at
     WHERE f.part_ms IS NOT NULL
   )
   SELECT organization_id, project_id, service_id, revision_id, price_zone, window_start_ms,
          sum(records)::int AS records, NULL::int AS ordinal
   FROM touched GROUP BY 1, 2, 3, 4, 5, 6
   UNION ALL
   SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.ordinal FROM usage_staging s
   WHERE (SELECT count(*) FROM fresh) < $2
     AND NOT EXISTS (SELECT FROM fresh f WHERE f.of_producer = s.producer AND f.position = s.position)`,
);

// Of these rows of the batch (a join, since ANY of a parameter goes through the list for every row). Two rows of one identity in one
// batch meet here too: the first one was stored. OFFSET keeps each look-up its own: nothing is known of a temporary table, and a join
// could be planned over all records there are.
export const conflictsSql = statement<{ ordinal: number }>(
  'usage_conflicts',
  `SELECT s.ordinal FROM unnest($1::int[]) AS suspect (ordinal) JOIN usage_staging s USING (ordinal) CROSS JOIN LATERAL (
     SELECT * FROM usage_records u WHERE u.producer = s.producer AND u.position = s.position OFFSET 0) r
   WHERE (${CONTENT.map((c) => `s.${c}`).join(', ')}) IS DISTINCT FROM (${CONTENT.map((c) => `r.${c}`).join(', ')})`,
);

// The first gateway that sends as a producer owns it; only the owner moves its watermark.
export const bindProducersSql = statement<{ producer: string; gateway_id: string }>(
  'usage_bind_producers',
  `INSERT INTO usage_watermarks AS w (producer, gateway_id, position, end_ms, updated_at)
   SELECT producer, $2, position, end_ms, $5 FROM unnest($1::text[], $3::bigint[], $4::bigint[]) AS t (producer, position, end_ms)
   ORDER BY producer
   ON CONFLICT (producer) DO UPDATE SET
     position = CASE WHEN w.gateway_id = excluded.gateway_id THEN greatest(w.position, excluded.position)
                ELSE w.position END,
     end_ms = CASE WHEN w.gateway_id = excluded.gateway_id THEN greatest(w.end_ms, excluded.end_ms) ELSE w.end_ms END,
     updated_at = CASE WHEN w.gateway_id = excluded.gateway_id THEN excluded.updated_at ELSE w.updated_at END
   RETURNING producer, gateway_id`,
);

// Whom a producer was bound to never changes.
export const producerOwnersSql = statement<{ producer: string; gateway_id: string }>(
  'usage_producer_owners',
  `SELECT producer, gateway_id FROM usage_watermarks WHERE producer = ANY($1)`,
);

// Locks the row to the end of the transaction: positions come in the order in which transactions end.
export const nextPositionSql = statement<{ position: number }>(
  'usage_next_position',
  `UPDATE usage_intake SET position = position + 1, stream_sequence = greatest(stream_sequence, $1), updated_at = $2
   WHERE partition = '0' RETURNING position`,
);

export const quarantineSql = statement<{ reason: string }>(
  'usage_quarantine',
  `INSERT INTO usage_quarantine (producer, position, reason, digest, body, received_at, extent)
   SELECT producer, position, reason, digest, body::jsonb, $6, extent
   FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $7::bigint[])
     AS t (producer, position, reason, digest, body, extent)
   ON CONFLICT DO NOTHING RETURNING reason`,
);

const AGAIN = ['released_at', 'released_by', 'settled_at', 'outcome'];

// What has grown since waits for another word where a shorter one was stored; a word that was not heard yet is about it. Rows are
// locked in the order in which a release locks them.
export const growQuarantinedSql = statement<unknown>(
  'usage_quarantine_grow',
  `UPDATE usage_quarantine q SET body = grown.body::jsonb, extent = grown.extent,
     ${AGAIN.map((column) => `${column} = CASE WHEN q.outcome = 'stored' THEN NULL ELSE q.${column} END`).join(', ')}
   FROM (
     SELECT known.number, t.body, t.extent
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])
       AS t (producer, position, reason, digest, body, extent)
     JOIN usage_quarantine known ON known.producer = t.producer AND known.position = t.position AND known.reason = t.reason
       AND known.digest = t.digest AND known.extent < t.extent
     ORDER BY known.number FOR UPDATE OF known) grown
   WHERE q.number = grown.number`,
);

export const meteredClustersSql = statement<{ id: string; region: string }>(
  'usage_clusters',
  `SELECT id, region FROM clusters WHERE id = ANY($1)`,
);

export const meteredServicesSql = statement<{ id: string; organization_id: string; project_id: string }>(
  'usage_services',
  `SELECT id, organization_id, project_id FROM services WHERE id = ANY($1)`,
);

export interface MeteredRevisionRow {
  id: string;
  organization_id: string;
  service_id: string;
  concurrency: number;
  max_instances: number;
  timeout_seconds: number;
}

export const meteredRevisionsSql = statement<MeteredRevisionRow>(
  'usage_revisions',
  `SELECT id, organization_id, service_id, (spec->>'concurrency')::int AS concurrency,
          (spec->>'maxInstances')::int AS max_instances, (spec->>'timeoutSeconds')::int AS timeout_seconds
   FROM revisions WHERE id = ANY($1)`,
);
