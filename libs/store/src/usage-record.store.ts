import type { BilledSize, Interval } from '#libs/domain';
import { present, type PageRequest } from './row.js';
import { sizeOf } from './revision-size.sql.js';
import type { Tx } from './statement.js';
import {
  findRequestSql,
  listUsageRecordsSql,
  locateRequestSql,
  type UsageRecordRow,
} from './usage-record.sql.js';

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

/** One record of a request, with where it ran. */
export interface RequestRecord extends Omit<MeteredRequest, 'requestBytes' | 'responseBytes'>, BilledSize {
  /** Producer and request: what the parts of one stream share. */
  stream: string;
  projectId: string;
  project?: string;
  serviceId: string;
  service?: string;
  priceZone: string;
}

/**
 * What was metered of one request, by its id in the gateway: of which something began in the span. A long stream is several
 * records; none when nothing is found.
 */
export async function findRequest(
  tx: Tx,
  { organizationId, requestId }: { organizationId: string; requestId: string },
  { startMs, endMs }: Interval,
): Promise<RequestRecord[]> {
  const found = await tx.one(locateRequestSql, [organizationId, requestId, startMs, endMs]);
  if (!found) return [];
  const rows = await tx.run(findRequestSql, [organizationId, found.producer, found.position, requestId]);
  return rows.map((row) => ({
    ...seenOf(row),
    stream: `${row.producer} ${row.stream_id}`,
    projectId: row.project_id,
    serviceId: row.service_id,
    priceZone: row.price_zone,
    ...sizeOf(row),
    ...present({ project: row.project, service: row.service }),
  }));
}

function fromRow(row: UsageRecordRow): MeteredRequest {
  return { ...seenOf(row), requestBytes: row.request_bytes, responseBytes: row.response_bytes };
}

function seenOf(
  row: Omit<UsageRecordRow, 'request_bytes' | 'response_bytes'>,
): Omit<MeteredRequest, 'requestBytes' | 'responseBytes'> {
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
    ...present({
      revisionId: row.revision_id,
      revision: row.revision,
      notBillableReason: row.not_billable_reason,
    }),
  };
}
