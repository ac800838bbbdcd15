import { isId } from '#libs/domain';
import type { Id, IdPrefix, UsageRecord } from '#libs/domain';
import type { LogEntry } from '#libs/bus';
import type { AccessLogLine } from './access-log.line.js';
import { durationNanos, idsOf } from './access-log.line.js';
import type { StreamPart } from './stream-parts.js';

/** Whose log it is and where in it the line stands. */
export interface LineOrigin {
  gatewayId: Id<'gw'>;
  region: string;
  producer: Id<'spl'>;
  /** Byte offset of the line in its spool. */
  position: number;
}

/**
 * The usage record of a line; undefined for a request to no known service, which nobody can be asked to pay.
 * Identity and content are functions of the spool alone, so a line read again gives the same record.
 */
export function usageRecord(
  line: AccessLogLine,
  part: StreamPart,
  origin: LineOrigin,
): UsageRecord | undefined {
  const [organization, project, service] = idsOf(line);
  const organizationId = idOf('org', organization);
  const projectId = idOf('prj', project);
  const serviceId = idOf('svc', service);
  if (!organizationId || !projectId || !serviceId) return undefined;
  const revisionId = idOf('rev', line.revision);
  const clusterId = idOf('cls', line.cluster);
  return {
    schemaVersion: 1,
    ...origin,
    ...part,
    streamId: line.stream ?? '',
    status: line.status ?? 0,
    flags: line.flags ?? '-',
    reached: reachedInstance(line),
    attempts: line.attempts ?? 0,
    organizationId,
    projectId,
    serviceId,
    ...(revisionId ? { revisionId } : {}),
    ...(clusterId ? { clusterId } : {}),
  };
}

/**
 * Envoy's words for "no connection to the door, or none that took the request". A request that breaks the protocol later
 * (DPE) is not among them: its head was handed on, and whoever ends an upload wrongly would have its answer for nothing.
 */
const NEVER_SENT = new Set(['UF', 'UH', 'UO', 'NR', 'NC', 'URX', 'IH', 'RL', 'UAEX']);

/** Whether an instance can have seen the request: it was sent to a door, and the ingress did not say otherwise. */
export function reachedInstance(line: AccessLogLine): boolean {
  if (line.upstream === undefined || line.not_reached !== undefined) return false;
  return !(line.flags ?? '').split(',').some((flag) => NEVER_SENT.has(flag));
}

/** The row of the request log; the last part of a stream stands for the whole of it. */
export function requestEntry(line: AccessLogLine, sequence: number, revision: string | undefined): LogEntry {
  const durationMs = Math.round(durationNanos(line) / 1_000) / 1_000;
  const { method = '-', path = '-', status = 0 } = line;
  const traceId = line.trace?.split('-')[1];
  return {
    sequence,
    time: Math.floor(line.start / 1_000),
    stream: 'request',
    ...(revision === undefined ? {} : { revision }),
    text: `${method} ${path} ${status} ${durationMs} ms`,
    request: {
      id: line.stream ?? '-',
      method,
      path,
      status,
      durationMs,
      ...(line.first_micros === undefined ? {} : { firstByteMs: line.first_micros / 1_000 }),
      ...(line.agent === undefined ? {} : { userAgent: line.agent }),
      ...(line.address === undefined ? {} : { address: line.address }),
      ...(traceId === undefined ? {} : { traceId }),
    },
  };
}

function idOf<P extends IdPrefix>(prefix: P, text: string | undefined): Id<P> | undefined {
  return text !== undefined && isId(prefix, text) ? text : undefined;
}
