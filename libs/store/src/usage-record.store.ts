import type { Interval } from '#libs/domain';
import { present, type PageRequest } from './row.js';
import type { Tx } from './statement.js';
import { listUsageRecordsSql, type UsageRecordRow } from './usage-record.sql.js';

/** A stored usage record as its owner may check it: ids, times, no personal data. */
export interface MeteredRequest extends Interval {
  /** The record's identity: `<producer>-<position>`. */
  id: string;
  /** The gateway's id of the stream; parts of a long stream share it. */
  streamId: string;
  part: number;
  last: boolean;
  revisionId?: string;
  revision?: string;
  status: number;
  reached: boolean;
  billable: boolean;
  notBillableReason?: string;
  requestBytes: string;
  responseBytes: string;
}

/** What was metered of a service in the span, by start. */
export async function listUsageRecords(
  tx: Tx,
  of: { organizationId: string; serviceId: string } & Interval,
  page: PageRequest,
): Promise<MeteredRequest[]> {
  const [producer, position] = page.after?.split('-') ?? [null, null];
  const values = [of.organizationId, of.serviceId, of.startMs, of.endMs, producer, position, page.limit];
  return (await tx.run(listUsageRecordsSql, values)).map(fromRow);
}

function fromRow(row: UsageRecordRow): MeteredRequest {
  return {
    id: `${row.producer}-${row.position}`,
    streamId: row.stream_id,
    part: row.part,
    last: row.last,
    startMs: row.start_ms,
    endMs: row.end_ms,
    status: row.status,
    reached: row.reached,
    billable: row.billable,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    ...present({
      revisionId: row.revision_id,
      revision: row.revision,
      notBillableReason: row.not_billable_reason,
    }),
  };
}
