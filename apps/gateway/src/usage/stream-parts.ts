import { usageInterval } from '#libs/domain';
import type { Interval } from '#libs/domain';
import { durationNanos, isReport } from './access-log.line.js';
import type { AccessLogLine } from './access-log.line.js';

/** How far an open stream has been reported. */
export interface OpenStream {
  /** Number of the next part. */
  part: number;
  endMs: number;
  received: number;
  sent: number;
  /** Microseconds of the line that reported it last. */
  seen: number;
}

/** One disjoint span of a stream with what went over it in that span. */
export interface StreamPart extends Interval {
  part: number;
  last: boolean;
  requestBytes: number;
  responseBytes: number;
}

/** A stream that was not reported for so long died with its Envoy; billing closes it at its last part. */
const FORGET_MICROS = 600_000_000;

/**
 * Turns cumulative reports of streams into disjoint parts. Its state is a function of the lines read so far and is
 * kept with the reading position, so reading a line again gives the same part.
 */
export class StreamParts {
  readonly #open: Map<string, OpenStream>;
  #newest = 0;

  constructor(open: Record<string, OpenStream> = {}) {
    this.#open = new Map(Object.entries(open));
  }

  get size(): number {
    return this.#open.size;
  }

  /** For the checkpoint; forgets what died with an Envoy. */
  state(): Record<string, OpenStream> {
    for (const [stream, { seen }] of this.#open)
      if (seen + FORGET_MICROS < this.#newest) this.#open.delete(stream);
    return Object.fromEntries(this.#open);
  }

  take(line: AccessLogLine): StreamPart {
    this.#newest = Math.max(this.#newest, line.emitted);
    const whole = usageInterval(line.start, durationNanos(line));
    const stream = line.stream ?? '';
    const before = this.#open.get(stream);
    const startMs = before?.endMs ?? whole.startMs;
    const part = {
      part: before?.part ?? 0,
      last: !isReport(line),
      startMs,
      endMs: Math.max(startMs + 1, whole.endMs),
      requestBytes: Math.max(0, line.received - (before?.received ?? 0)),
      responseBytes: Math.max(0, line.sent - (before?.sent ?? 0)),
    };
    if (part.last) this.#open.delete(stream);
    else this.#open.set(stream, next(part, line));
    return part;
  }
}

function next(part: StreamPart, line: AccessLogLine): OpenStream {
  return {
    part: part.part + 1,
    endMs: part.endMs,
    received: line.received,
    sent: line.sent,
    seen: line.emitted,
  };
}
