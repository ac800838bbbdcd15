import type { UsageRecord } from './usage.types.js';

/** How far a record may lie ahead of the hub's clock. */
export const MAX_AHEAD_MS = 5 * 60_000;
/** How far a record may be longer than its service's timeout. */
export const MAX_OVER_TIMEOUT_MS = 60 * 60_000;
/** No record is longer: the longest timeout (1 h) and what it may be exceeded by. */
export const MAX_RECORD_MS = 3_600_000 + MAX_OVER_TIMEOUT_MS;

/** Why a record is put aside for a person to look at: stored, counted, never billed silently, never dropped. */
export type QuarantineReason =
  | 'malformed'
  | 'foreign_sender'
  | 'foreign_producer'
  | 'not_positive'
  | 'too_long'
  | 'from_the_future'
  | 'missing_revision'
  | 'unknown_service'
  | 'unknown_revision'
  | 'identity_conflict';

/** What the hub knows about the things a record names; absent when there is no such thing in that organization. */
export interface UsageContext {
  service: { projectId: string } | undefined;
  revision: { serviceId: string; timeoutSeconds: number } | undefined;
  /** Which gateway sent it, as the bus's permissions prove. */
  sender: string;
  /** The gateway the producer belongs to, once seen. */
  producerOwner: string | undefined;
  nowMs: number;
}

/**
 * Checks a record against what is known.
 * @returns undefined when it may be stored, else the first reason to quarantine it
 */
export function quarantineReason(record: UsageRecord, context: UsageContext): QuarantineReason | undefined {
  if (!isStorable(record)) return 'malformed';
  if (record.gatewayId !== context.sender) return 'foreign_sender';
  if (context.producerOwner !== undefined && context.producerOwner !== context.sender)
    return 'foreign_producer';
  if (context.service?.projectId !== record.projectId) return 'unknown_service';
  return wrongRevision(record, context) ?? wrongTime(record, context);
}

/** Whether every text is short and printable and every small number fits its column (a signed 32-bit integer). */
function isStorable({ streamId, flags, region, part, status, attempts }: UsageRecord): boolean {
  const texts = [streamId, flags, region].every((text) => /^[\x20-\x7e]{1,200}$/.test(text));
  return texts && [part, status, attempts].every((number) => number <= 0x7fffffff);
}

function wrongRevision(record: UsageRecord, context: UsageContext): QuarantineReason | undefined {
  if (record.revisionId === undefined) return record.reached ? 'missing_revision' : undefined;
  return context.revision?.serviceId === record.serviceId ? undefined : 'unknown_revision';
}

function wrongTime(record: UsageRecord, context: UsageContext): QuarantineReason | undefined {
  if (record.endMs <= record.startMs) return 'not_positive';
  if (Math.max(record.startMs, record.endMs) > context.nowMs + MAX_AHEAD_MS) return 'from_the_future';
  const timeoutMs = (context.revision?.timeoutSeconds ?? 0) * 1_000;
  return record.endMs - record.startMs > timeoutMs + MAX_OVER_TIMEOUT_MS ? 'too_long' : undefined;
}
