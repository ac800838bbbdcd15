import type { UsageRecord } from './usage.types.js';

/** How far a record may lie ahead of the hub's clock. */
export const MAX_AHEAD_MS = 5 * 60_000;
/** How far a record may be longer than its service's timeout. */
export const MAX_OVER_TIMEOUT_MS = 60 * 60_000;
/** No record is longer: the longest timeout (1 h) and what it may be exceeded by. */
export const MAX_RECORD_MS = 3_600_000 + MAX_OVER_TIMEOUT_MS;

/** Why a record is put aside for a person to look at: stored, counted, never billed silently, never dropped. */
export const QUARANTINE_REASONS = [
  'malformed',
  'foreign_sender',
  'foreign_producer',
  'not_positive',
  'too_long',
  'from_the_future',
  'missing_revision',
  'unknown_service',
  'unknown_revision',
  'identity_conflict',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** Where an operator's word or a later look can change something; what has another reason is billed with a correction or not at all. */
export const RELEASABLE = [
  'foreign_sender',
  'foreign_producer',
  'too_long',
  'from_the_future',
  'unknown_service',
  'unknown_revision',
] as const satisfies readonly QuarantineReason[];

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
  const timeoutMs = (context.revision?.timeoutSeconds ?? 0) * 1_000;
  return wrongThing(record, context) ?? wrongTime(record, context.nowMs, timeoutMs + MAX_OVER_TIMEOUT_MS);
}

/**
 * Looks again at a record that an operator released. Who sent it, and how far it passed its service's timeout, is then the
 * operator's word; that there is such a revision, and that the time is possible, is not.
 * @returns undefined when it may be stored, else why it stays in quarantine
 */
export function releaseRefusal(
  record: UsageRecord,
  context: Pick<UsageContext, 'service' | 'revision' | 'nowMs'>,
): QuarantineReason | undefined {
  if (!isStorable(record)) return 'malformed';
  return wrongThing(record, context) ?? wrongTime(record, context.nowMs, MAX_RECORD_MS);
}

/** Whether every text is short and printable and every small number fits its column (a signed 32-bit integer). */
function isStorable({ streamId, flags, region, part, status, attempts }: UsageRecord): boolean {
  const texts = [streamId, flags, region].every((text) => /^[\x20-\x7e]{1,200}$/.test(text));
  return texts && [part, status, attempts].every((number) => number <= 0x7fffffff);
}

function wrongThing(
  record: UsageRecord,
  context: Pick<UsageContext, 'service' | 'revision'>,
): QuarantineReason | undefined {
  if (context.service?.projectId !== record.projectId) return 'unknown_service';
  if (record.revisionId === undefined) return record.reached ? 'missing_revision' : undefined;
  return context.revision?.serviceId === record.serviceId ? undefined : 'unknown_revision';
}

function wrongTime(
  { startMs, endMs }: UsageRecord,
  nowMs: number,
  longestMs: number,
): QuarantineReason | undefined {
  if (endMs <= startMs) return 'not_positive';
  if (Math.max(startMs, endMs) > nowMs + MAX_AHEAD_MS) return 'from_the_future';
  return endMs - startMs > longestMs ? 'too_long' : undefined;
}
