import { SLICE_MS } from './instance-interval.sql.js';
import { UNORDERED, statement } from './statement.js';

const KEYS = `unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
     AS k (n, organization_id, service_id, revision_id, price_zone, start_ms, up_to)`;
const WINDOW_MS = '60000';
/** A row tells the requests of so much of a window at most. */
const TOLD_MS = '5000';
/** The longest record (libs/domain MAX_RECORD_MS): nothing older can reach into a window. */
export const MAX_RECORD_MS = '7200000';

/** In which price zone something is, in SQL. */
interface ZoneOf {
  record: string;
  /** Of the part of a slice that lies in the window that begins there. */
  slice: (windowStartMs: string) => string;
  build: string;
}

/** As it was stored: by the plan in force when it began. */
export const STORED_ZONES: ZoneOf = {
  record: 'u.price_zone',
  slice: () => 's.price_zone',
  build: 'b.price_zone',
};

/**
 * By other plans: a list of objects, one for each stretch of time between the borders, from ids of clusters and names of
 * regions (of what reached no cluster) to zones.
 */
export function zonesBy(places: string, borders: string): ZoneOf {
  const at = (atMs: string): string => `(${places}::jsonb -> width_bucket(${atMs}, ${borders}::bigint[]))`;
  return {
    record: `coalesce(${at('u.start_ms')} ->> u.cluster_id, ${at('u.start_ms')} ->> u.region, 'default')`,
    slice: (windowStartMs) => `coalesce(${at(windowStartMs)} ->> s.cluster_id, 'default')`,
    build: `coalesce(${at('b.start_ms')} ->> b.cluster_id, 'default')`,
  };
}

/** The form of the partial index usage_records_parts, by which the parts of one stream are looked up. */
const PARTIAL = (t: string): string => `(${t}.part > 0 OR NOT ${t}.last)`;
/** The same of records of a window. In the form of the index it would be read whole: the planner believes it to hold nothing, until it has seen the first streams. */
const IN_PARTS = `u.part + (NOT u.last)::int > 0`;

/** What began in some seconds of a window. */
export interface BegunRow {
  n: number;
  requests: string;
  not_billable_requests: string;
  /** Of billable records. */
  request_bytes: string;
  response_bytes: string;
  /** Of billable whole requests, from the window's start on, and how long each is; null for none. */
  offsets: number[] | null;
  lengths: number[] | null;
  /** Whether billable parts of streams began in it. */
  has_parts: boolean;
}

export interface PartRow {
  n: number;
  stream: string;
  start_ms: number;
  end_ms: number;
}

/** A record that reaches into a window from before. */
export interface CrossingRow extends PartRow {
  partial: boolean;
}

export interface RunningRow {
  n: number;
  id: string;
  begun_ms: number;
  from_ms: number;
  until_ms: number;
}

export interface WaitedRow extends PartRow {
  partial: boolean;
  ready_ms: number;
}

export interface WindowRecordRow {
  n: number;
  id: string;
  stream: string;
  part: number;
  last: boolean;
  start_ms: number;
  end_ms: number;
  response_bytes: number;
}

const RECORD = `u.producer || '-' || u.position AS id, u.producer || ' ' || u.stream_id AS stream, u.part, u.last, u.start_ms,
       u.end_ms, u.response_bytes FROM usage_records u`;

/** Which records a key is about: those that begin in its window, and those that reach into it from before. */
function ofWindow(zone: ZoneOf): { begins: string; reachesIn: string } {
  const ofKey = `u.organization_id = k.organization_id AND u.service_id = k.service_id
       AND coalesce(u.revision_id, '') = k.revision_id AND ${zone.record} = k.price_zone
       AND coalesce(u.taken, 0) <= k.up_to`;
  return {
    begins: `${ofKey} AND u.start_ms >= k.start_ms AND u.start_ms < k.start_ms + ${WINDOW_MS}`,
    // The form of the partial index usage_records_crossing.
    reachesIn: `${ofKey} AND u.end_ms > k.start_ms AND u.end_ms <= k.start_ms + ${MAX_RECORD_MS}
       AND u.start_ms < k.start_ms AND u.start_ms / ${WINDOW_MS} <> (u.end_ms - 1) / ${WINDOW_MS}`,
  };
}

/**
 * The statements that read what windows are made of; `name` begins their names. Each looks its keys up one by one (a LATERAL that
 * the planner does not flatten): under row-level security a border that is computed from another table's column is no part of a
 * look-up in an index, and every window would read all that came after it.
 */
function factStatements(name: string, zone: ZoneOf) {
  const { begins, reachesIn } = ofWindow(zone);
  return {
    // One look at each record: requests are two lists of numbers, of a few seconds each, so that no row grows with the window.
    begun: statement<BegunRow>(
      `${name}_begun`,
      `SELECT k.n, c.*
   FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT count(*) FILTER (WHERE u.billable AND u.part = 0)::text AS requests,
       count(*) FILTER (WHERE NOT u.billable AND u.part = 0)::text AS not_billable_requests,
       coalesce(sum(u.request_bytes) FILTER (WHERE u.billable), 0)::text AS request_bytes,
       coalesce(sum(u.response_bytes) FILTER (WHERE u.billable), 0)::text AS response_bytes,
       json_agg(u.start_ms - k.start_ms) FILTER (WHERE u.billable AND NOT ${PARTIAL('u')}) AS offsets,
       json_agg(u.end_ms - u.start_ms) FILTER (WHERE u.billable AND NOT ${PARTIAL('u')}) AS lengths,
       coalesce(bool_or(${PARTIAL('u')}) FILTER (WHERE u.billable), false) AS has_parts
     FROM usage_records u, ${UNORDERED} WHERE ${begins}
     GROUP BY (u.start_ms - k.start_ms) / ${TOLD_MS}, unordered) c`,
    ),
    crossing: statement<CrossingRow>(
      `${name}_crossing`,
      `SELECT k.n, c.*
   FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT u.producer || ' ' || u.stream_id AS stream, ${PARTIAL('u')} AS partial, u.start_ms, u.end_ms
     FROM usage_records u WHERE ${reachesIn} AND u.billable OFFSET 0) c`,
    ),
    // Of an instance there are as many as were told; what a cap did not pay for is between them.
    running: statement<RunningRow>(
      `${name}_running`,
      `SELECT k.n, r.*
   FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT s.cluster_id || ' ' || s.instance_id || ' ' || s.start_ms AS id, s.start_ms AS begun_ms,
       s.from_ms, s.until_ms
     FROM instance_slices s WHERE s.organization_id = k.organization_id AND s.service_id = k.service_id AND s.billable
       AND s.revision_id = k.revision_id AND ${zone.slice('k.start_ms')} = k.price_zone AND s.taken <= k.up_to
       AND s.until_ms > k.start_ms AND s.until_ms <= k.start_ms + ${WINDOW_MS} + ${SLICE_MS}
       AND s.from_ms < k.start_ms + ${WINDOW_MS} OFFSET 0) r`,
    ),
    // Record by record, for who bears what: folding needs only the sums above.
    records: statement<WindowRecordRow>(
      `${name}_records`,
      `SELECT k.n, u.* FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT ${RECORD} WHERE ${begins} AND u.billable
     UNION ALL
     SELECT ${RECORD} WHERE ${reachesIn} AND u.billable) u`,
    ),
  };
}

export interface BuiltRow {
  n: number;
  id: string;
  start_ms: number;
  end_ms: number;
}

/** Builds of a service: they belong to no revision. */
function buildStatement(name: string, zone: ZoneOf) {
  return {
    builds: statement<BuiltRow>(
      `${name}_builds`,
      `SELECT k.n, b.*
   FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT b.build_id AS id, b.start_ms, b.end_ms
     FROM build_times b WHERE b.organization_id = k.organization_id AND b.service_id = k.service_id
       AND k.revision_id = '' AND ${zone.build} = k.price_zone AND b.taken <= k.up_to
       AND b.start_ms >= k.start_ms AND b.start_ms < k.start_ms + ${WINDOW_MS} OFFSET 0) b
   ORDER BY 1, b.start_ms, b.id`,
    ),
  };
}

/** What waited for a first instance. */
function waitedStatement(name: string, zone: ZoneOf) {
  return {
    // What came while its revision had no ready instance where it ran. Of a stream in parts those before it was served; also of other
    // windows and zones, since its first part's window counts it whole.
    waited: statement<WaitedRow>(
      `${name}_waited`,
      `SELECT k.n, u.producer || ' ' || u.stream_id AS stream, ${PARTIAL('u')} AS partial, u.start_ms, u.end_ms,
     min(c.ready_ms) AS ready_ms
   FROM ${KEYS} JOIN cold_starts c ON c.organization_id = k.organization_id AND c.service_id = k.service_id
     AND c.revision_id = k.revision_id AND c.taken <= k.up_to AND c.since_ms < k.start_ms + ${WINDOW_MS}
     AND c.ready_ms > k.start_ms AND c.ready_ms <= k.start_ms + ${WINDOW_MS} + ${MAX_RECORD_MS}
   JOIN usage_records u ON u.organization_id = k.organization_id AND u.service_id = k.service_id
     AND u.revision_id = k.revision_id AND u.cluster_id = c.cluster_id AND u.billable AND coalesce(u.taken, 0) <= k.up_to
     AND u.start_ms >= c.since_ms AND u.start_ms < c.ready_ms
   WHERE CASE WHEN ${PARTIAL('u')} THEN NOT EXISTS (
       SELECT FROM usage_records e WHERE e.producer = u.producer AND e.stream_id = u.stream_id AND ${PARTIAL('e')}
         AND e.billable AND coalesce(e.taken, 0) <= k.up_to AND e.start_ms < c.since_ms)
     ELSE ${zone.record} = k.price_zone AND u.start_ms < k.start_ms + ${WINDOW_MS} AND u.end_ms > k.start_ms END
   GROUP BY k.n, u.producer, u.position, u.stream_id, u.part, u.last, u.start_ms, u.end_ms`,
    ),
  };
}

/** The same of streams that came in parts. */
function partStatements(name: string, zone: ZoneOf) {
  const { begins } = ofWindow(zone);
  return {
    begunParts: statement<PartRow>(
      `${name}_begun_parts`,
      `SELECT k.n, u.*
   FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT u.producer || ' ' || u.stream_id AS stream, u.start_ms, u.end_ms
     FROM usage_records u WHERE ${begins} AND u.billable AND ${IN_PARTS} OFFSET 0) u`,
    ),
    // All billable parts of the streams whose first billable part began in the window.
    beginningParts: statement<PartRow>(
      `${name}_beginning_parts`,
      `SELECT k.n, o.stream, o.start_ms, o.end_ms
   FROM ${KEYS} CROSS JOIN LATERAL (
     SELECT DISTINCT u.producer, u.stream_id FROM usage_records u
     WHERE ${begins} AND u.billable AND ${IN_PARTS}) s
   CROSS JOIN LATERAL (
     SELECT o.producer || ' ' || o.stream_id AS stream, o.start_ms, o.end_ms, min(o.start_ms) OVER () AS first_ms
     FROM usage_records o
     WHERE o.producer = s.producer AND o.stream_id = s.stream_id AND ${PARTIAL('o')} AND o.billable
       AND coalesce(o.taken, 0) <= k.up_to OFFSET 0) o
   WHERE o.first_ms >= k.start_ms`,
    ),
  };
}

/** Price zones as they were stored. */
export const storedFacts = {
  ...factStatements('window', STORED_ZONES),
  ...partStatements('window', STORED_ZONES),
  ...waitedStatement('window', STORED_ZONES),
  ...buildStatement('window', STORED_ZONES),
};

const ASKED_ZONES = zonesBy('$8', '$9');
/** Price zones of other plans, by $8 and $9 (see zonesBy). */
export const askedFacts = {
  ...factStatements('window_asked', ASKED_ZONES),
  ...partStatements('window_asked', ASKED_ZONES),
  ...waitedStatement('window_asked', ASKED_ZONES),
  ...buildStatement('window_asked', ASKED_ZONES),
};
