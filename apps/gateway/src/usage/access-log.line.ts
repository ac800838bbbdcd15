import { z } from 'zod';

const count = z.number().int().nonnegative();
const text = z.string();
const optional = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
/** Seconds with six digits behind the point, to whole microseconds; as a number it would lose the last digits. */
const micros = z
  .string()
  .regex(/^\d{1,11}\.\d{6}$/)
  .transform((value) => Number(value.replace('.', '')));

/** Release 0.1 wrote a field for each; a spool that it left behind is still read. */
const IDS_OF_0_1 = { organization: optional(text), project: optional(text), service: optional(text) };

/** What envoy/access-log.format.ts writes. */
const lineSchema = z.object({
  type: text,
  start: micros,
  emitted: micros,
  nanos: optional(z.number()),
  millis: optional(z.number()),
  first_micros: optional(z.number()),
  stream: optional(text),
  received: count,
  sent: count,
  status: optional(count),
  flags: optional(text),
  attempts: optional(count),
  /** Organization, project and service, apart by a space; then the lease of a host that has one. */
  ids: optional(text),
  ...IDS_OF_0_1,
  revision: optional(text),
  cluster: optional(text),
  upstream: optional(text),
  not_reached: optional(text),
  method: optional(text),
  path: optional(text),
  agent: optional(text),
  address: optional(text),
  trace: optional(text),
});

export type AccessLogLine = z.infer<typeof lineSchema>;

/** One line of Envoy's access log; undefined when it is none (torn, foreign, empty). Never throws. */
export function parseLine(line: string): AccessLogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const result = lineSchema.safeParse(JSON.parse(line));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whose service was called, as the route said; not checked yet. */
export function idsOf(line: AccessLogLine): (string | undefined)[] {
  return line.ids?.split(' ') ?? [line.organization, line.project, line.service];
}

/** Which lease the host had when the request came: it was let in under it unless it was asked about. */
export function leaseOf(line: AccessLogLine): string | undefined {
  return line.ids?.split(' ')[3];
}

/** Whether the stream goes on after this line. */
export function isReport(line: AccessLogLine): boolean {
  return line.type === 'DownstreamPeriodic';
}

const NANOS_PER_MS = 1_000_000;
const NANOS_PER_MICRO = 1_000;

/**
 * How long the stream has lasted by this line, in nanoseconds: the monotonic one where Envoy has it; else the larger
 * of its whole ms and the wall clock's span, since a WebSocket or a caller who left has only these.
 */
export function durationNanos(line: AccessLogLine): number {
  if (line.nanos !== undefined && !isReport(line)) return line.nanos;
  const monotonic = (line.millis ?? 0) * NANOS_PER_MS;
  const wall = (line.emitted - line.start) * NANOS_PER_MICRO;
  // The wall clock only refines the ms: a stepping clock must not bill.
  return wall >= monotonic && wall < monotonic + NANOS_PER_MS ? wall : monotonic;
}
