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
