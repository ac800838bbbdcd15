import type { Id, QuarantineReason } from '#libs/domain';
import { statement } from './statement.js';

/** What became of a refused record: billed as it came, or as an operator corrected it; never billed by an operator's word; none of these. */
export type QuarantineState = 'waiting' | 'released' | 'corrected' | 'dismissed';

export interface QuarantineRow {
  number: number;
  producer: string;
  position: number;
  reason: QuarantineReason;
  record: string;
  received_at: Date;
  released_at: Date | null;
  released_by: string | null;
  settled_at: Date | null;
  outcome: string | null;
  correction: Record<string, unknown> | null;
  because: string | null;
  dismissed_at: Date | null;
  dismissed_by: string | null;
}

/** What an operator may give its word about: not said yet, or said and refused. */
const WAITS = `(released_at IS NULL OR outcome <> 'stored') AND dismissed_at IS NULL`;

export const listQuarantineSql = statement<QuarantineRow>(
  'quarantine_list',
  `SELECT number, producer, position, reason, left(body::text, $5) AS record, received_at, released_at, released_by,
     settled_at, outcome, correction, because, dismissed_at, dismissed_by
   FROM usage_quarantine
   WHERE ($1::text IS NULL OR reason = $1) AND ($2::text IS NULL OR body->>'organizationId' = $2)
     AND (NOT $3 OR (${WAITS})) AND ($4::bigint IS NULL OR number < $4)
   ORDER BY number DESC LIMIT $6`,
);

export const releaseQuarantineSql = statement<{ number: number }>(
  'quarantine_release',
  `UPDATE usage_quarantine q SET released_at = $5, released_by = $6, settled_at = NULL, outcome = NULL, correction = $7, because = $8
   FROM (
     SELECT number FROM usage_quarantine
     WHERE body->>'organizationId' = $1 AND reason = ANY ($2) AND ($3::bigint[] IS NULL OR number = ANY ($3)) AND ${WAITS}
     ORDER BY number LIMIT $4 FOR UPDATE) waiting
   WHERE q.number = waiting.number RETURNING q.number`,
);

// Also one of a service that is gone: what it used is billed.
export const correctedRevisionSql = statement<{ revision_id: Id<'rev'> | null }>(
  'quarantine_corrected_revision',
  `SELECT r.id AS revision_id FROM usage_quarantine q
   LEFT JOIN revisions r ON r.organization_id = $1 AND r.service_id = q.body->>'serviceId' AND (r.id = $3 OR r.name = $3)
   WHERE q.number = $2 AND q.body->>'organizationId' = $1`,
);

export const dismissQuarantineSql = statement<{ number: number }>(
  'quarantine_dismiss',
  `UPDATE usage_quarantine SET dismissed_at = $2, dismissed_by = $3, because = $4
   WHERE number IN (
     SELECT number FROM usage_quarantine
     WHERE ($1::text IS NULL OR reason = $1) AND ($5::bigint[] IS NULL OR number = ANY ($5)) AND ${WAITS}
     ORDER BY number LIMIT $6 FOR UPDATE) RETURNING number`,
);

export const findReleasedSql = statement<{ number: number; body: unknown }>(
  'quarantine_released',
  `SELECT number, body || coalesce(correction, '{}') AS body FROM usage_quarantine WHERE released_at IS NOT NULL AND settled_at IS NULL
   ORDER BY released_at, number LIMIT $1 FOR UPDATE`,
);

export const countQuarantineSql = statement<{
  reason: QuarantineReason;
  state: QuarantineState;
  count: number;
}>(
  'quarantine_count',
  `SELECT reason, CASE WHEN dismissed_at IS NOT NULL THEN 'dismissed' WHEN outcome IS DISTINCT FROM 'stored' THEN 'waiting'
     WHEN correction IS NULL THEN 'released' ELSE 'corrected' END AS state, count(*)::int AS count
   FROM usage_quarantine GROUP BY 1, 2 ORDER BY 1, 2`,
);

export const settleReleasedSql = statement<unknown>(
  'quarantine_settle',
  `UPDATE usage_quarantine q SET settled_at = $3, outcome = t.outcome
   FROM unnest($1::bigint[], $2::text[]) AS t (number, outcome) WHERE q.number = t.number`,
);
