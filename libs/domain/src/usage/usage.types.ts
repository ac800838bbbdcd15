import type { Id } from '../id.js';

/**
 * One request (or one part of a long stream) as a gateway saw it. No personal data, ids only.
 * Identity is (producer, position): the same identity with other content is quarantined.
 */
export interface UsageRecord {
  schemaVersion: 1;
  /** Random id of a spool, bound to its sender by NATS permission. */
  producer: Id<'spl'>;
  /** Byte offset of the log line in that spool. */
  position: number;
  gatewayId: Id<'gw'>;
  region: string;
  /** Envoy's id of the stream; parts of one stream share it. */
  streamId: string;
  /** 0 for a whole request or the first part of a long stream; requests are counted on part 0. */
  part: number;
  /** Whether no further part follows. */
  last: boolean;
  /** [startMs, endMs): floor of the start, ceiling of the end, never empty (design D5). */
  startMs: number;
  endMs: number;
  requestBytes: number;
  responseBytes: number;
  /** HTTP status as answered; 0 when the client left first. */
  status: number;
  /** Envoy's response flags, `-` when none. */
  flags: string;
  /** Whether the request reached an instance; only then it may be billable. */
  reached: boolean;
  attempts: number;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  revisionId?: Id<'rev'>;
  clusterId?: Id<'cls'>;
}

/** A span of time [startMs, endMs) in whole UTC milliseconds. */
export interface Interval {
  startMs: number;
  endMs: number;
}
