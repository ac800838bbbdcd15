import { SIZE_COLUMNS, type SizeRow } from './revision-size.sql.js';
import { statement } from './statement.js';

export interface UsageRecordRow {
  producer: string;
  position: string;
  stream_id: string;
  part: number;
  last: boolean;
  revision_id: string | null;
  revision: string | null;
  start_ms: number;
  end_ms: number;
  status: number;
  reached: boolean;
  billable: boolean;
  not_billable_reason: string | null;
  request_bytes: string;
  response_bytes: string;
}

// By start, then identity: the order of a page does not move when later records come.
export const listUsageRecordsSql = statement<UsageRecordRow>(
  'usage_record_list',
  `SELECT u.producer, u.position::text, u.stream_id, u.part, u.last, u.revision_id, r.name AS revision, u.start_ms,
          u.end_ms, u.status, u.reached, u.billable, u.not_billable_reason, u.request_bytes::text, u.response_bytes::text
   FROM usage_records u
   LEFT JOIN revisions r ON r.organization_id = u.organization_id AND r.id = u.revision_id
   WHERE u.organization_id = $1 AND u.service_id = $2 AND u.start_ms >= $3 AND u.start_ms < $4
     AND ($5::text IS NULL OR (u.start_ms, u.producer, u.position) >
       (SELECT a.start_ms, a.producer, a.position FROM usage_records a WHERE a.producer = $5 AND a.position = $6))
   ORDER BY u.start_ms, u.producer, u.position LIMIT $7`,
);

export interface RequestRow extends Omit<UsageRecordRow, 'request_bytes' | 'response_bytes'>, SizeRow {
  project_id: string;
  project: string | null;
  service_id: string;
  service: string | null;
  price_zone: string;
}

export interface LocatedRow {
  producer: string;
  position: string;
}

// Its id is random, so time leads to it: every record of the organization that began in the span is looked at (ADR 19).
export const locateRequestSql = statement<LocatedRow>(
  'usage_record_locate',
  `SELECT u.producer, u.position::text
   FROM services s JOIN usage_records u ON u.organization_id = s.organization_id AND u.service_id = s.id
     AND u.start_ms >= $3 AND u.start_ms < $4
   WHERE s.organization_id = $1 AND u.stream_id = $2 LIMIT 1`,
);

// The record that was found, and when it is the part of a stream all its parts.
export const findRequestSql = statement<RequestRow>(
  'usage_record_request',
  `SELECT u.producer, u.position::text, u.stream_id, u.part, u.last, u.project_id, p.handle AS project, u.service_id,
     s.name AS service, u.revision_id, r.name AS revision, u.price_zone, u.start_ms, u.end_ms, u.status, u.reached, u.billable,
     u.not_billable_reason, ${SIZE_COLUMNS}
   FROM (
     SELECT * FROM usage_records WHERE organization_id = $1 AND producer = $2 AND position = $3
     UNION
     SELECT * FROM usage_records WHERE organization_id = $1 AND producer = $2 AND stream_id = $4 AND (part > 0 OR NOT last)) u
   LEFT JOIN projects p ON p.organization_id = u.organization_id AND p.id = u.project_id
   LEFT JOIN services s ON s.organization_id = u.organization_id AND s.id = u.service_id
   LEFT JOIN revisions r ON r.organization_id = u.organization_id AND r.id = u.revision_id
   ORDER BY u.start_ms, u.position`,
);
