import type { Clock, Id, LogBudget } from '#libs/domain';
import { logBatchSchema, logSubject, type Bus, type LogEntry } from '#libs/bus';
import { Loop, type Logger, type Metrics } from '#libs/process';

/** What a log line is about: a service, or a build. */
export type LogSubject = Id<'svc'> | Id<'bld'>;
/** A line before it gets its sequence. */
export type Line = Omit<LogEntry, 'sequence'>;

export interface LogLimits {
  /** Characters kept while they cannot be sent, for all subjects together. */
  buffered: number;
  /** Lines and characters of one message (a message must stay below NATS' 1 MiB). */
  batchEntries: number;
  batchCharacters: number;
}

export const LOG_LIMITS: LogLimits = {
  buffered: 16 * 1024 ** 2,
  batchEntries: 500,
  batchCharacters: 200_000,
};

const FLUSH_MS = 150;
/** What an entry costs beside its text. */
const OVERHEAD = 100;

class Buffer {
  readonly entries: LogEntry[] = [];
  /** What is on its way; sent again with the same content, so that the server drops the double. */
  sending: LogEntry[] = [];
  dropped = 0;
  /** Sequence of the last line that was dropped; the note about it takes its place. */
  droppedAt = 0;
  /** The note that stands for lines above the organization's budget, as long as it is the last entry. */
  limited: { note: LogEntry; lines: number } | undefined;
}

export interface LogShipperParts {
  clusterId: Id<'cls'>;
  bus: () => Bus;
  clock: Clock;
  /** What one organization may write. */
  budget: LogBudget;
  metrics: Metrics;
  logger: Logger;
  limits?: LogLimits;
}

/**
 * Ships lines in batches within 200 ms, in order, once. While the hub is away it keeps a bounded amount, drops the
 * oldest lines, and says how many.
 */
export class LogShipper {
  private readonly buffers = new Map<LogSubject, Buffer>();
  private readonly loop: Loop;
  private sequence: number;
  private size = 0;
  private readonly limits: LogLimits;
  private readonly dropped;

  constructor(private readonly parts: LogShipperParts) {
    const { clock, logger, metrics, limits } = parts;
    this.limits = limits ?? LOG_LIMITS;
    this.dropped = metrics.counter(
      'towpath_agent_log_lines_dropped_total',
      'Lines of services and builds that were dropped',
      ['reason'],
    );
    // Grows over restarts too: no run makes a thousand lines a millisecond for long.
    this.sequence = clock.now() * 1000;
    this.loop = new Loop('logs', FLUSH_MS, () => this.flush(), logger);
  }

  /** Starts, or sends at once what waits for another try. */
  wake(): void {
    this.loop.wake();
  }

  /** Ends after one last try to send what is there. */
  async stop(): Promise<void> {
    await this.loop.stop();
    await this.flush().catch(() => undefined);
  }

  /** One line of an organization's service or build; above its budget it is dropped, counted and told. */
  add(organizationId: string, about: LogSubject, line: Line): void {
    let buffer = this.buffers.get(about);
    if (buffer === undefined) this.buffers.set(about, (buffer = new Buffer()));
    if (!this.parts.budget.take(organizationId, this.parts.clock.now())) {
      this.limit(buffer, line);
      return;
    }
    buffer.limited = undefined;
    this.put(buffer, line);
  }

  private put(buffer: Buffer, line: Line): LogEntry {
    const entry = { sequence: this.sequence++, ...line };
    buffer.entries.push(entry);
    this.size += costOf(line);
    while (this.size > this.limits.buffered && this.dropOldest());
    return entry;
  }

  private limit(buffer: Buffer, { time }: Line): void {
    this.dropped.inc({ reason: 'limit' });
    const { budget } = this.parts;
    buffer.limited ??= { note: this.put(buffer, { time, stream: 'system', text: budget.note(1) }), lines: 0 };
    const { note } = buffer.limited;
    buffer.limited.lines += 1;
    const text = budget.note(buffer.limited.lines);
    this.size += text.length - note.text.length;
    note.text = text;
  }

  /** Sends everything that waits; rejects when the hub does not take it, which then waits on. */
  async flush(): Promise<void> {
    // One batch of each in turn: a service that writes without end holds up no other.
    while (this.buffers.size > 0) {
      for (const [about, buffer] of [...this.buffers]) {
        if (this.fill(buffer)) await this.send(about, buffer);
        if (buffer.entries.length === 0) this.buffers.delete(about);
      }
    }
  }

  private fill(buffer: Buffer): boolean {
    if (buffer.sending.length > 0) return true;
    buffer.limited = undefined;
    if (buffer.dropped > 0) buffer.sending.push(this.dropNote(buffer));
    let characters = 0;
    while (buffer.sending.length < this.limits.batchEntries && characters < this.limits.batchCharacters) {
      const next = buffer.entries.shift();
      if (next === undefined) break;
      characters += costOf(next);
      this.size -= costOf(next);
      buffer.sending.push(next);
    }
    return buffer.sending.length > 0;
  }

  private async send(about: LogSubject, buffer: Buffer): Promise<void> {
    const { clusterId, bus } = this.parts;
    const msgId = `${clusterId}.${buffer.sending[0]?.sequence}`;
    const batch = { schemaVersion: 1 as const, entries: buffer.sending };
    await bus().publish(logSubject(about, clusterId), logBatchSchema, batch, { msgId });
    buffer.sending = [];
  }

  private dropNote(buffer: Buffer): LogEntry {
    const text = `${buffer.dropped} lines were dropped here: the hub was away for longer than the agent keeps lines.`;
    buffer.dropped = 0;
    return { sequence: buffer.droppedAt, time: this.parts.clock.now(), stream: 'system', text };
  }

  /** Drops the oldest line of the subject that holds the most. */
  private dropOldest(): boolean {
    let longest: Buffer | undefined;
    for (const buffer of this.buffers.values()) {
      if (buffer.entries.length > (longest?.entries.length ?? 0)) longest = buffer;
    }
    const oldest = longest?.entries.shift();
    if (longest === undefined || oldest === undefined) return false;
    this.size -= costOf(oldest);
    this.dropped.inc({ reason: 'away' });
    longest.dropped += 1;
    longest.droppedAt = oldest.sequence;
    return true;
  }
}

function costOf(line: Line): number {
  return line.text.length + OVERHEAD;
}
