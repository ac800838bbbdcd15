/** What envoy/access-log.format.ts writes, once it is read; times in whole microseconds. Envoy's null is absent. */
export interface AccessLogLine {
  type: string;
  start: number;
  emitted: number;
  received: number;
  sent: number;
  nanos?: number;
  millis?: number;
  first_micros?: number;
  stream?: string;
  status?: number;
  flags?: string;
  attempts?: number;
  /** Organization, project and service, apart by a space; then the permit of a host that has one. */
  ids?: string;
  /** Release 0.1 wrote a field for each; a spool that it left behind is still read. */
  organization?: string;
  project?: string;
  service?: string;
  revision?: string;
  cluster?: string;
  upstream?: string;
  not_reached?: string;
  method?: string;
  path?: string;
  agent?: string;
  address?: string;
  trace?: string;
}

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;
type Checks<Keys extends keyof AccessLogLine> = Readonly<Record<Keys, Check>>;
type Required = 'type' | 'start' | 'emitted' | 'received' | 'sent';

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** Seconds with six digits behind the point. */
const isSeconds: Check = (value) => typeof value === 'string' && /^\d{1,11}\.\d{6}$/.test(value);

const REQUIRED: Checks<Required> = {
  type: isText,
  start: isSeconds,
  emitted: isSeconds,
  received: isCount,
  sent: isCount,
};
const OPTIONAL: Checks<Exclude<keyof AccessLogLine, Required>> = {
  nanos: isNumber,
  millis: isNumber,
  first_micros: isNumber,
  stream: isText,
  status: isCount,
  flags: isText,
  attempts: isCount,
  ids: isText,
  organization: isText,
  project: isText,
  service: isText,
  revision: isText,
  cluster: isText,
  upstream: isText,
  not_reached: isText,
  method: isText,
  path: isText,
  agent: isText,
  address: isText,
  trace: isText,
};
const required = Object.entries(REQUIRED);
const optional = Object.entries(OPTIONAL);

/**
 * One line of Envoy's access log; undefined when it is none (torn, foreign, empty). Never throws. Checked by hand: there is
 * one of every request, and nobody is told what is wrong with one.
 */
export function parseLine(line: string): AccessLogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return readFields(JSON.parse(line) as Fields);
  } catch {
    return undefined;
  }
}

function readFields(fields: Fields): AccessLogLine | undefined {
  for (const [name, check] of required) if (!check(fields[name])) return undefined;
  for (const [name, check] of optional) {
    const value = fields[name];
    if (value === null) fields[name] = undefined;
    else if (value !== undefined && !check(value)) return undefined;
  }
  return { ...fields, start: micros(fields['start']), emitted: micros(fields['emitted']) } as AccessLogLine;
}

/** As seconds it would lose its last digits. */
function micros(seconds: unknown): number {
  return Number((seconds as string).replace('.', ''));
}

/** Whose service was called, as the route said; not checked yet. */
export function idsOf(line: AccessLogLine): (string | undefined)[] {
  return line.ids?.split(' ') ?? [line.organization, line.project, line.service];
}

/** Which permit the host had when the request came: it was let in under it unless it was asked about. */
export function permitOf(line: AccessLogLine): string | undefined {
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
